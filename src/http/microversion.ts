import { Fault } from '../domain/fault.ts';
import { microversions } from './discovery.ts';

/**
 * The version that a request asks for, by the API-SIG's microversion guideline: `OpenStack-API-Version: <type> X.Y`,
 * several with commas between. Faults: `invalid-input` for an odd form, `not-acceptable` beyond the range.
 */
export const negotiated = (header: string | undefined, serviceType: string): string => {
  if (header === undefined) return microversions.min;
  const ours = header
    .split(',')
    .map((part) => part.trim().split(/\s+/))
    .find(([type]) => type === serviceType);
  if (ours === undefined) return microversions.min;
  const wanted = ours[1] ?? '';
  if (wanted === 'latest') return microversions.max;
  if (!/^\d{1,3}\.\d{1,3}$/.test(wanted) || ours.length !== 2)
    throw new Fault('invalid-input', `OpenStack-API-Version: must be ${serviceType} X.Y or latest`);
  if (order(wanted) < order(microversions.min) || order(wanted) > order(microversions.max))
    throw new Fault('not-acceptable', `${wanted} lies beyond ${microversions.min} to ${microversions.max}`);
  return wanted;
};

const order = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

import { Fault } from '../domain/fault.ts';
import { microversions } from './discovery.ts';

/**
 * The version that a request asks for, by the API-SIG's microversion guideline: `OpenStack-API-Version: <type> X.Y`,
 * several services' with commas between. Faults: `invalid-input` for an odd form, `not-acceptable` beyond the range.
 */
export const negotiated = (header: string | undefined, serviceType: string): string => {
  if (header === undefined) return microversions.min;
  const [ours, ...more] = header
    .split(',')
    .map((part) => part.trim().split(/\s+/))
    .filter(([type = '']) => type.toLowerCase() === serviceType);
  if (ours === undefined) return microversions.min;
  const [, wanted = '', ...rest] = ours;
  if (rest.length > 0 || more.length > 0) throw odd(serviceType);
  if (wanted === 'latest') return microversions.max;
  if (!/^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.test(wanted)) throw odd(serviceType);
  if (order(wanted) < order(microversions.min) || order(wanted) > order(microversions.max))
    throw new Fault('not-acceptable', `${wanted} lies beyond ${microversions.min} to ${microversions.max}`);
  return wanted;
};

const odd = (serviceType: string): Fault =>
  new Fault('invalid-input', `OpenStack-API-Version: must be ${serviceType} X.Y or latest, once`);

const order = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

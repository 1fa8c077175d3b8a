import type { Cloud } from '../domain/cloud.ts';
import { Fault } from '../domain/fault.ts';
import type { CatalogEntry, World } from './world.ts';

/**
 * Where Igor is, without a slash or `/v1` at the end: as given, or as `OS_<TYPE>_ENDPOINT_OVERRIDE` says, or as the
 * catalogue does. Faults: `misconfigured`, with what to do.
 */
export const endpointOf = (
  catalog: readonly CatalogEntry[],
  { interface: side, region }: Pick<Cloud, 'interface' | 'region'>,
  env: World['env'],
  given: string | undefined,
): string => {
  const type = env['IGOR_SERVICE_TYPE'] || 'out-of-band';
  const variable = `OS_${type.toUpperCase().replaceAll('-', '_')}_ENDPOINT_OVERRIDE`;
  if (given !== undefined) return checked(given, '--endpoint');
  const override = env[variable];
  if (override !== undefined && override !== '') return checked(override, variable);

  const endpoints = catalog.filter((entry) => entry.type === type).flatMap((entry) => entry.endpoints);
  const found = endpoints.find((one) => one.interface === side && (region === null || one.region_id === region));
  if (found !== undefined) return checked(found.url, 'the catalogue');
  const wanted = `${side} endpoint${region === null ? '' : ` in region ${region}`}`;
  const known = endpoints.map((one) => `${one.interface} in ${one.region_id ?? 'no region'}`).join(', ');
  throw new Fault(
    'misconfigured',
    endpoints.length === 0
      ? `the catalogue has no service of type ${type}: the token may be unscoped (set OS_PROJECT_NAME), or Igor unregistered (an admin runs igor register); --endpoint or ${variable} names its address`
      : `the catalogue has no ${wanted} of service type ${type}; it has ${known} (OS_INTERFACE, OS_REGION_NAME)`,
  );
};

const checked = (url: string, from: string): string => {
  if (!/^https?:\/\/[^\s?#]+$/.test(url) || !URL.canParse(url))
    throw new Fault('misconfigured', `${from}: the endpoint must be an http or https URL`);
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
};

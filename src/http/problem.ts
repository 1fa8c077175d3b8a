import { asFault, faults, type Fault } from '../domain/fault.ts';
import { microversions } from './discovery.ts';

export interface ProblemContext {
  readonly serviceType: string;
  readonly requestId: string;
  /** Where each fault is explained. */
  readonly help: (code: string) => string;
}

/** A Fault as three readers want it: RFC 9457, the API-SIG's `errors`, and the `error` that openstacksdk reads. */
export const problem = (fault: Fault, { serviceType, requestId, help }: ProblemContext): object => {
  const { code, status, detail } = fault;
  const { title } = faults[code];
  return {
    type: `urn:igor:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:igor:request:${requestId}`,
    error: { code: status, title, message: detail, details: help(code) },
    errors: [
      {
        request_id: requestId,
        code: `${serviceType}.${code}`,
        status,
        title,
        detail,
        ...(code === 'not-acceptable' && { min_version: microversions.min, max_version: microversions.max }),
        links: [{ rel: 'help', href: help(code) }],
      },
    ],
  };
};

/** What Express and its body parser throw, as our own words; the rest is a bug of ours. */
export const faultOf = (
  thrown: unknown,
  make: (code: 'invalid-input' | 'too-large' | 'unsupported-media-type', detail: string) => Fault,
): Fault => {
  const type = typeof thrown === 'object' && thrown !== null && 'type' in thrown ? thrown.type : undefined;
  switch (type) {
    case 'entity.parse.failed':
      return make('invalid-input', 'body: is not JSON');
    case 'entity.too.large':
      return make('too-large', 'body: is larger than this service reads');
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return make('unsupported-media-type', 'body: must be JSON in UTF-8, not compressed');
    case 'request.aborted':
    case 'request.size.invalid':
      return make('invalid-input', 'body: did not arrive whole');
    default:
      return asFault(thrown);
  }
};

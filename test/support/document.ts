import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

/** An answer as it left. Header names are in lower case. */
export interface Answer {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is wrong with an answer by the document, a sentence each; nothing, if it is as described. */
export type Check = (answer: Answer) => readonly string[];

export type Json = Readonly<Record<string, unknown>>;
interface Header {
  readonly required?: boolean;
  readonly schema: Json;
}
interface Described {
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
  readonly 'x-codes'?: readonly string[];
}
interface Problem {
  readonly status: number;
  readonly errors: readonly { readonly code: string; readonly status: number; readonly request_id: string }[];
}

/** Headers that mean something: an answer has them only where the document says so. */
const telling = ['etag', 'location', 'retry-after', 'www-authenticate', 'allow', 'link', 'deprecation', 'sunset'];

/** What no operation is asked for may be answered with: there is no such path or method, or it was not understood. */
const beyond = [400, 404, 405, 406, 413, 415, 429, 503];

/** Holds answers to an OpenAPI document. Schemas are compiled when they are first met. */
export const checkOf = (document: Json): Check => {
  const shared = at(document, 'components', 'schemas');
  const compiled = new Map<string, ValidateFunction>();
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictTuples: false });
  (formats as unknown as (to: Ajv2020) => void)(ajv); // its types name the older class
  const fits = (schema: Json, value: unknown): string | null => {
    const text = JSON.stringify({ ...schema, $defs: shared }).replaceAll('#/components/schemas/', '#/$defs/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as Json);
    compiled.set(text, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: '' }).slice(0, 500);
  };
  const templates = Object.keys(at(document, 'paths')).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
  }));
  const resolve = (value: unknown): Json => {
    const { $ref } = value as { $ref?: string };
    return $ref === undefined ? (value as Json) : at(document, ...$ref.split('/').slice(1));
  };

  const describedBy = ({ method, path, status }: Answer): Described | string => {
    const found = templates.filter(({ pattern }) => pattern.test(path));
    const { template } = found.find((one) => !one.template.includes('{')) ?? found[0] ?? {};
    const operations = template === undefined ? {} : at(document, 'paths', template);
    const verb = method.toLowerCase();
    const operation = operations[verb] ?? (verb === 'head' ? operations['get'] : undefined);
    if (operation === undefined) return verb === 'options' && status === 204 ? {} : stray(document, status);
    const response = at(operation as Json, 'responses')[status];
    return response === undefined ? `the document declares no ${status}` : resolve(response);
  };

  const bodyFaults = (answer: Answer, { content }: Described): string | null => {
    const { method, headers, body } = answer;
    if (method === 'HEAD') return null;
    const type = headers['content-type']?.split(';')[0];
    if (content === undefined || Object.keys(content).length === 0)
      return body === '' ? null : `has a body, and the document declares none: ${body.slice(0, 200)}`;
    const media = content[type ?? ''];
    if (media === undefined) return `is ${type ?? 'without a Content-Type'}, which the document does not declare`;
    const wrong =
      type === 'text/event-stream'
        ? eventFaults(media.schema, body)
        : fits(media.schema, type?.endsWith('json') === true ? parsed(body) : body);
    return wrong === null ? null : `the body does not fit:${wrong}; it is ${body.slice(0, 300)}`;
  };

  /** Of the events that are whole: each fits, and a last one tells how it ended. */
  const eventFaults = (schema: Json, body: string): string | null => {
    const named: Readonly<Record<string, Json>> = {
      message: schema,
      fault: { $ref: '#/components/schemas/Error' },
      end: { type: 'object' },
    };
    const whole = body.split('\n\n').slice(0, -1);
    const wrong = whole
      .filter((event) => !event.startsWith(':'))
      .map((event) => {
        const as = named[/^event: (.*)$/m.exec(event)?.[1] ?? 'message'];
        return as === undefined
          ? ` an event of no known name: ${event}`
          : fits(as, parsed(/^data: (.*)$/m.exec(event)?.[1] ?? ''));
      });
    return wrong.find((one) => one !== null) ?? null;
  };

  return (answer) => {
    const described = describedBy(answer);
    if (typeof described === 'string') return [`${described}; it is ${answer.body.slice(0, 300)}`];
    const declared = Object.entries(described.headers ?? {}).map(
      ([name, header]) => [name.toLowerCase(), resolve(header) as unknown as Header] as const,
    );
    const known = new Set(declared.map(([name]) => name));
    const ofHeaders = declared.flatMap(([name, { required = false, schema }]) => {
      const value = answer.headers[name];
      if (value === undefined) return required ? [`the header ${name} is missing`] : [];
      const wrong = fits(schema, value);
      return wrong === null ? [] : [`the header ${name} is ${value}:${wrong}`];
    });
    const unknown = telling.filter((name) => answer.headers[name] !== undefined && !known.has(name));
    const inBody = bodyFaults(answer, described);
    return [
      ...ofHeaders,
      ...(answer.method === 'OPTIONS' ? [] : unknown.map((name) => `the document declares no header ${name}`)),
      ...(inBody === null ? problemFaults(answer, described['x-codes']) : [inBody]),
    ];
  };
};

/** The answer where no operation is. */
const stray = (document: Json, status: number): Described | string => {
  if (!beyond.includes(status)) return `no operation is there, and it was answered with ${status}`;
  const usual = at(document, 'components', 'responses', '400') as Described;
  const headers = { ...usual.headers, 'Retry-After': { schema: { type: 'string' } } };
  const allow = { Allow: { required: true, schema: { type: 'string', pattern: '^[A-Z]+(, [A-Z]+)*$' } } };
  const { content = {} } = usual;
  return { headers: status === 405 ? { ...headers, ...allow } : headers, content };
};

/** A failure tells the same in each of its parts. */
const problemFaults = ({ method, status, headers, body }: Answer, codes?: readonly string[]): readonly string[] => {
  if (status < 400 || method === 'HEAD') return [];
  const { errors, ...problem } = JSON.parse(body) as Problem;
  const [error] = errors;
  const code = error?.code.split('.').at(-1) ?? '';
  return [
    ...(problem.status === status && error?.status === status ? [] : [`the body tells another status: ${body}`]),
    ...(error?.request_id === headers['x-openstack-request-id'] ? [] : ['the body tells another request id']),
    ...(codes?.includes(code) === false ? [`the document declares ${codes.join(', ')} there, and not ${code}`] : []),
  ];
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const at = (value: Json, ...path: readonly string[]): Json =>
  path.reduce<Json>((inner, key) => (inner[key] ?? {}) as Json, value);

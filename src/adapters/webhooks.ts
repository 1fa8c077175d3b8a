import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { asFault, Fault } from '../domain/fault.ts';
import type { Reach } from '../ports/services.ts';
import type { Webhooks } from '../ports/subscriptions.ts';

interface Options {
  /** Where deliveries may go. */
  readonly reach: Reach;
  /** Whether `http://` is taken as well. */
  readonly allowHttp: boolean;
  /** Certificates that receivers are known by, beside the usual ones. */
  readonly caFile: string | null;
  readonly userAgent: string;
}

/** Of an answer nothing but its status counts; longer ones are cut off. */
const mostAnswer = 16 * 1024;
const mostHeaders = 16 * 1024;
const mostAskedSeconds = 3600;

/**
 * POSTs without proxy, redirect or a second try, to an address that was resolved and permitted just before: what the name
 * stands for a moment later makes no difference.
 */
export const webhooks = ({ reach, allowHttp, caFile, userAgent }: Options): Webhooks => {
  const ca = caFile === null ? null : [...rootCertificates, readFileSync(caFile, 'utf8')];

  const addressFor = async (url: URL, signal: AbortSignal): Promise<string> => {
    if (url.protocol !== 'https:' && !allowHttp)
      throw new Fault('invalid-input', 'url: must be https://; the operator has not permitted http://');
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const [address = host] = await reach.resolve(host, signal);
    return address;
  };

  return {
    async check(text, signal) {
      await addressFor(new URL(text), signal).catch((thrown: unknown) => {
        const { code, detail } = asFault(thrown);
        throw code === 'invalid-input' && !detail.startsWith('url:')
          ? new Fault('invalid-input', `url: ${detail}`)
          : thrown;
      });
    },

    async send(text, { body, headers }, signal) {
      try {
        const url = new URL(text);
        const address = await addressFor(url, signal);
        return await post(url, address, { body, headers: { ...headers, 'user-agent': userAgent }, ca, signal });
      } catch (thrown) {
        const late = signal.aborted ? 'no answer in time' : null;
        return { status: null, error: late ?? causeOf(thrown), askedMs: null };
      }
    },
  };
};

interface Post {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: readonly string[] | null;
  readonly signal: AbortSignal;
}

const post = async (url: URL, address: string, { body, headers, ca, signal }: Post): ReturnType<Webhooks['send']> =>
  new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json',
        'content-length': String(Buffer.byteLength(body)),
        ...headers,
      },
      lookup: pinned(address),
      // No connection is kept, and no proxy of the environment asked.
      agent: false,
      maxHeaderSize: mostHeaders,
      signal,
      ...(ca !== null && { ca: [...ca] }),
    };
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (answer) => {
      const status = answer.statusCode ?? 0;
      const done = (): void => {
        request.destroy();
        resolve({ status, error: objection(status), askedMs: askedMs(answer.headers['retry-after']) });
      };
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > mostAnswer) done();
      });
      answer.once('end', done);
      answer.once('error', reject);
    });
    request.once('error', reject);
    request.end(body);
  });

const objection = (status: number): string | null => {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400
    ? `the receiver answered ${status}: redirects are not followed`
    : `the receiver answered ${status}`;
};

/** `Retry-After` in seconds, as far as it asks for no more than we wait at most. */
const askedMs = (header: string | undefined): number | null =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Math.min(Number(header), mostAskedSeconds) * 1000 : null;

const pinned =
  (address: string): LookupFunction =>
  (_hostname, options, tell) => {
    const family = isIP(address);
    if (options.all === true) tell(null, [{ address, family }]);
    else tell(null, address, family);
  };

const causeOf = (thrown: unknown): string => {
  if (thrown instanceof Fault) return thrown.detail;
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'it broke off';
};

import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { TLSSocket, type PeerCertificate } from 'node:tls';

export interface TlsAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly certificate: PeerCertificate;
}

export interface TlsRequest extends Omit<RequestOptions, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks over TLS, trusting `ca` alone. */
export const askTls = async (url: string, options: TlsRequest): Promise<TlsAnswer> => {
  const asked = request(url, { agent: false, ...options });
  asked.end(options.body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  if (!(answer.socket instanceof TLSSocket)) throw new Error('it was not asked over TLS');
  const certificate = answer.socket.getPeerCertificate();
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString(), certificate };
};

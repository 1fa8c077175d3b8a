import http from 'node:http';
import { keystone } from './parts.ts';

/** Stands between Igor and the real Keystone: counts, and can keep silent or answer in its place. */
export interface KeystoneProxy {
  /** With /v3. */
  readonly url: string;
  /** Validations that went by. */
  validations: number;
  logins: number;
  /** What happens to the next requests in place of being passed on. */
  fault: 'none' | 'refuse' | 'hang' | 'error' | 'html' | 'forbidden';
  stop(): Promise<void>;
}

export const keystoneProxy = async (): Promise<KeystoneProxy> => {
  const { url } = await keystone();
  const target = new URL(url);
  const sockets = new Set<{ destroy(): unknown }>();
  const server = http.createServer((request, response) => {
    const isValidation = request.method === 'GET' && request.url?.startsWith('/v3/auth/tokens') === true;
    if (isValidation) proxy.validations += 1;
    if (request.method === 'POST') proxy.logins += 1;
    switch (proxy.fault) {
      case 'hang':
        return;
      case 'refuse':
        request.socket.destroy();
        return;
      case 'error':
        response.writeHead(500).end('{"error":{"message":"gAAAA-secret-token"}}');
        return;
      case 'html':
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>maintenance</html>');
        return;
      case 'forbidden':
        response.writeHead(403).end('{}');
        return;
      case 'none': {
        const options = {
          host: target.hostname,
          port: target.port,
          path: request.url,
          method: request.method,
          headers: request.headers,
        };
        const onward = http.request(options, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        });
        onward.on('error', () => response.destroy());
        request.pipe(onward);
      }
    }
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy: KeystoneProxy = {
    url: `http://127.0.0.1:${port}/v3`,
    validations: 0,
    logins: 0,
    fault: 'none',
    stop: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;
};

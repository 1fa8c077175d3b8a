import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../deploy/demo/ports.ts';
import { startChild, untilReady } from '../../deploy/demo/processes.ts';
import type { TestCertificate } from './certificates.ts';

export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

const example = fileURLToPath(new URL('../../deploy/nginx.conf.example', import.meta.url));

/** A real nginx with the example that is shipped: only addresses and files are put in its places. */
export const startNginx = async (dir: string, igor: string, certificate: TestCertificate): Promise<Nginx> => {
  const port = await freePort('tcp');
  const places: readonly (readonly [is: string, becomes: string])[] = [
    ['server 127.0.0.1:8080;', `server ${new URL(igor).host};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['/etc/nginx/tls/api.example.com.crt', certificate.certFile],
    ['/etc/nginx/tls/api.example.com.key', certificate.keyFile],
  ];
  let site = await readFile(example, 'utf8');
  for (const [is, becomes] of places) {
    if (site.split(is).length !== 2) throw new Error(`the example has not once: ${is}`);
    site = site.replace(is, becomes);
  }
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${dir}/temporary/${kind};`,
  );
  await mkdir(join(dir, 'temporary'), { recursive: true });
  await chmod(join(dir, 'temporary'), 0o755);
  await writeFile(join(dir, 'site.conf'), site);
  await writeFile(
    join(dir, 'nginx.conf'),
    [
      'daemon off;',
      'worker_processes 1;',
      `pid ${dir}/nginx.pid;`,
      'error_log stderr;',
      'events {}',
      'http {',
      '  access_log off;',
      ...temporary,
      `  include ${dir}/site.conf;`,
      '}',
      '',
    ].join('\n'),
  );
  const child = await startChild({
    name: 'nginx',
    command: '/usr/sbin/nginx',
    args: ['-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf')],
    dir,
  });
  const signal = AbortSignal.timeout(20_000);
  await untilReady(child, async () => accepts(port), { everyMs: 20, timeoutMs: 10_000, signal });
  return { port, stop: async () => child.stop() };
};

const accepts = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true)).once('error', end(false));
  });

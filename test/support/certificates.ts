import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../deploy/demo/processes.ts';

export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate that openssl makes, its own authority, for some names and 127.0.0.1. */
export const makeCertificate = async (
  dir: string,
  name: string,
  hosts: readonly string[],
): Promise<TestCertificate> => {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  const names = ['IP:127.0.0.1', ...hosts.map((host) => `DNS:${host}`)].join(',');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  const shown = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-days', '2', '-out', certFile];
  await run('/usr/bin/openssl', ['req', '-x509', ...key, ...shown], { signal: AbortSignal.timeout(30_000) });
  return { certFile, keyFile, cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
};

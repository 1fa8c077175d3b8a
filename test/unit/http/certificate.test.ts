import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { certificate } from '../../../src/http/certificate.ts';
import { listener, usualLimits } from '../../../src/http/listener.ts';
import { makeCertificate, type TestCertificate } from '../../support/certificates.ts';
import { quiet } from '../../support/fakes.ts';
import { scratch } from '../../support/parts.ts';
import { askTls } from '../../support/tls-client.ts';

const lookMs = 30;

describe('a certificate whose files change', () => {
  let dir: string;
  let pairs: readonly TestCertificate[];
  const files = () => ({ certFile: join(dir, 'igor.crt'), keyFile: join(dir, 'igor.key') });
  const put = async (cert: number, key: number): Promise<void> => {
    await copyFile(pairs[cert]?.certFile ?? '', files().certFile);
    await copyFile(pairs[key]?.keyFile ?? '', files().keyFile);
  };
  before(async () => {
    dir = await scratch('certificate');
    pairs = await Promise.all(['first', 'second'].map(async (name) => makeCertificate(dir, name, [])));
  });

  it('stays as it was while the new pair does not fit, says so once, and takes the next that does', async () => {
    const events: string[] = [];
    const note = (_fields: object, event: string): void => void events.push(event);
    const log = { ...quiet, info: note, error: note };
    await put(0, 0);
    const made = listener({
      handler: (_request, response) => response.end('ok'),
      certificate: certificate({ ...files(), log, lookMs }),
      limits: { ...usualLimits, connections: 10 },
      serviceType: 'out-of-band',
      href: (path) => path,
      log,
    });
    const at = `https://${await made.listen('127.0.0.1:0')}`;
    const ca = pairs.map(({ cert }) => cert).join('');
    const shown = async (): Promise<unknown> => (await askTls(at, { ca })).certificate.subject.CN;
    const until = async (event: string, times: number): Promise<void> => {
      for (let tries = 0; events.filter((name) => name === event).length < times; tries++) {
        if (tries === 500) throw new Error(`no ${event}`);
        await sleep(20);
      }
    };
    try {
      await put(1, 0);
      await until('tls.unreadable', 1);
      expect(await shown()).to.equal('first');
      await writeFile(files().certFile, 'no certificate');
      await sleep(lookMs * 10); // some looks more
      expect(await shown()).to.equal('first');
      await put(1, 1);
      await until('tls.reloaded', 1);
      expect(await shown()).to.equal('second');
      await put(0, 1);
      await until('tls.unreadable', 2);
      await put(0, 0);
      await until('tls.reloaded', 2);
      expect(await shown()).to.equal('first');
      expect(events).to.deep.equal(['tls.unreadable', 'tls.reloaded', 'tls.unreadable', 'tls.reloaded']);
    } finally {
      await made.close(AbortSignal.abort());
    }
  });
});

import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ipmitool, type Ipmitool, type Options } from '../support/bmc/ipmitool.ts';
import type { BmcOptions } from '../support/bmc/options.ts';
import { startBmcSimulator, type BmcSimulator } from '../support/bmc/simulator.ts';

describe("the BMC simulator's accounts, judged by ipmitool", () => {
  let tool: Ipmitool;
  let bmc: BmcSimulator;
  const start = async (options: Partial<BmcOptions> = {}): Promise<void> => {
    bmc = await startBmcSimulator(options);
  };
  const stdout = async (words: string, options: Options = {}): Promise<string> => {
    const said = await tool.run(bmc, words.split(' '), options);
    expect(said).to.include({ rc: 0, stderr: '' });
    return said.stdout;
  };
  const said = async (words: string, options: Options = {}) => tool.run(bmc, words.split(' '), options);

  before(async () => {
    tool = await ipmitool();
  });
  after(async () => tool[Symbol.asyncDispose]());
  afterEach(async () => bmc.stop());

  it('are listed, with their privileges, the nameless first and the empty ones last', async () => {
    await start({ accountSlots: 7 });
    expect((await stdout('user list 1')).trimEnd().split('\n').slice(1)).to.deep.equal([
      '1                    true    false      false      NO ACCESS',
      '2   admin            true    false      true       ADMINISTRATOR',
      '3   operator         true    false      true       OPERATOR',
      '4   user             true    false      true       USER',
      '5   disabled         true    false      true       ADMINISTRATOR',
      '6                    true    false      false      NO ACCESS',
      '7                    true    false      false      NO ACCESS',
    ]);
    const summary = await stdout('user summary 1');
    expect(summary).to.match(/^Maximum IDs\s+: 7$/m);
    expect(summary).to.match(/^Enabled User Count\s+: 3$/m);
    expect(summary).to.match(/^Fixed Name Count\s+: 1$/m);
  });

  it('come into being: a name, a password, a privilege, a login', async () => {
    await start();
    const login = { user: 'carol', password: 'a-new-Secret', privilege: 'OPERATOR' } as const;
    await stdout('user set name 6 carol');
    await stdout('user set password 6 a-new-Secret 20');
    expect((await said('mc info', login)).rc).to.equal(1);
    await stdout('user priv 6 3 1');
    await stdout('channel setaccess 1 6 ipmi=on privilege=3');
    expect((await said('mc info', login)).rc).to.equal(1);
    await stdout('user enable 6');
    expect((await said('mc info', login)).rc).to.equal(0);
    await stdout('user disable 6');
    expect((await said('mc info', login)).rc).to.equal(1);
  });

  it('lose a name, but for those whose name is fixed, and but for ids that there are not', async () => {
    await start({ fixedNames: 2, accountSlots: 6 });
    await stdout('user set name 3 erin');
    expect(bmc.accounts.map(({ name }) => name)).to.deep.equal(['', 'admin', 'erin', 'user', 'disabled', '']);
    expect((await said('user set name 2 erin')).stderr).to.contain('Invalid data field in request');
    expect((await said('user set name 7 erin')).stderr).to.contain('Parameter out of range');
  });

  it('tell by their own test whether a password is theirs, and whether it has the right size', async () => {
    await start();
    await stdout('user set password 6 0123456789abcdefghij 20');
    expect(await stdout('user test 6 20 0123456789abcdefghij')).to.equal('Success\n');
    expect((await said('user test 6 20 0123456789abcdefghiX')).stdout).to.contain('Failure: password incorrect');
    expect((await said('user test 6 16 0123456789abcdef')).stdout).to.contain('Failure: wrong password size');
  });

  it('log in with a password of 20 bytes where the BMC takes it', async () => {
    await start();
    await stdout('user set password 3 0123456789abcdefghij 20');
    const login = { user: 'operator', password: '0123456789abcdefghij', privilege: 'OPERATOR' } as const;
    expect((await said('mc info', login)).rc).to.equal(0);
    expect((await said('mc info', { ...login, password: '0123456789abcdef' })).rc).to.equal(1);
  });

  it('refuse a password of 20 bytes where the BMC knows the short form alone', async () => {
    await start({ passwords: 'short' });
    expect((await said('user set password 3 0123456789abcdefghij 20')).stderr).to.contain('data length invalid');
    await stdout('user set password 3 0123456789abcdef 16');
    const login = { user: 'operator', password: '0123456789abcdef', privilege: 'OPERATOR' } as const;
    expect((await said('mc info', login)).rc).to.equal(0);
  });

  it('keep 16 bytes of a password where the BMC cuts it, and say that all is well', async () => {
    await start({ passwords: 'cut' });
    await stdout('user set password 3 0123456789abcdefghij 20');
    expect(await stdout('user test 3 20 0123456789abcdefghij')).to.equal('Success\n');
    const login = { user: 'operator', password: '0123456789abcdefghij', privilege: 'OPERATOR' } as const;
    expect((await said('mc info', login)).rc).to.equal(1);
    expect((await said('mc info', { ...login, password: '0123456789abcdef' })).rc).to.equal(0);
  });

  it('go on in a session that was open when their password changed, over the standard input of a shell', async () => {
    await start();
    const args = ['-I', 'lanplus', '-H', bmc.address, '-p', String(bmc.port), '-U', 'admin', '-E', '-C', '17', 'shell'];
    const child = spawn('/usr/bin/ipmitool', args, { env: { IPMITOOL_PASSWORD: 'adm1n-Secret' } });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('latin1')));
    const field = [...Buffer.from('0123456789abcdefghij')].map((byte) => `0x${byte.toString(16)}`).join(' ');
    child.stdin.end(`raw 0x06 0x47 0x82 0x02 ${field}\nraw 0x06 0x01\nexit\n`);
    const [rc] = (await once(child, 'close')) as [number];
    expect(rc).to.equal(0);
    expect(printed).to.contain('\n 20 01 02 51');
    expect((await said('mc info')).rc).to.equal(1);
    expect((await said('mc info', { password: '0123456789abcdefghij' })).rc).to.equal(0);
  });
});

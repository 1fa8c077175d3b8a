import { expect } from 'chai';
import { readFileSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../../src/domain/fault.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { recordedFailure } from './recorded.ts';
import { ready, standIn } from './stand-in.ts';

const call = { signal: new AbortController().signal };
const isOn = { stdout: ' 01 00 00\n' };
const accepted = { stdout: '\n' };
/** Of the password files in memory that this process holds open. */
const heldFiles = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('/dev/shm/igor-');
    } catch {
      return false;
    }
  }).length;

describe('a process for each command', () => {
  it('asks twice within three seconds for a read, and puts a change on the wire once', async () => {
    await using ipmitool = standIn([isOn, accepted], {
      address: '::1',
      port: 6230,
      options: { cipher_suites: [3], privilege: 'operator' },
    });
    await ipmitool.device.power.get(call);
    await ipmitool.device.power.set('on', call);
    const login = '-I lanplus -H ::1 -p 6230 -U admin -f /dev/fd/3 -C 3 -L OPERATOR';
    expect(ipmitool.calls().map((args) => args.join(' '))).to.deep.equal([
      `${login} -N 1 -R 2 -v raw 0x00 0x01`,
      `${login} -N 5 -R 1 -v raw 0x00 0x02 0x01`,
    ]);
  });

  it('gives ipmitool the password by descriptor and an environment of four words', async () => {
    const show = 'cat /dev/fd/3 >"$HOME/password"; tr "\\0" "\\n" </proc/$$/environ >"$HOME/environ"; echo " 01 00 00"';
    await using ipmitool = standIn([`${show}; printf '${ready}' >&2`]);
    await ipmitool.device.power.get(call);
    expect(readFileSync(join(ipmitool.homeDir, 'password'), 'utf8')).to.equal('adm1n-Secret');
    expect(readFileSync(join(ipmitool.homeDir, 'environ'), 'utf8').trim().split('\n').sort()).to.deep.equal([
      `HOME=${ipmitool.homeDir}`,
      'LANG=C',
      'LC_ALL=C',
      'PATH=/usr/bin:/bin',
    ]);
    expect(ipmitool.calls().flat().join(' ')).not.to.include('adm1n-Secret');
  });

  it('keeps the password in one file without a name, from the first call to the end', async () => {
    const before = heldFiles();
    const names = new Set(readdirSync('/dev/shm'));
    const ipmitool = standIn([isOn]);
    expect(heldFiles()).to.equal(before);
    await Promise.all([ipmitool.device.power.get(call), ipmitool.device.power.get(call)]);
    await ipmitool.device.power.get(call);
    expect(heldFiles()).to.equal(before + 1);
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith('igor-') && !names.has(name))).to.deep.equal([]);
    await ipmitool[Symbol.asyncDispose]();
    expect(heldFiles()).to.equal(before);
  });

  it('makes the home at first use, for its owner alone', async () => {
    await using ipmitool = standIn([isOn]);
    expect(() => statSync(ipmitool.homeDir)).to.throw('ENOENT');
    await ipmitool.device.power.get(call);
    expect(statSync(ipmitool.homeDir).mode & 0o777).to.equal(0o700);
    const file = join(ipmitool.homeDir, '.local/usr/share/misc/enterprise-numbers.txt');
    expect(readFileSync(file, 'utf8')).to.match(/^PRIVATE ENTERPRISE NUMBERS\n/);
  });

  it('tries the next suite only when the BMC refuses the suite, and then stays with the one it takes', async () => {
    await using ipmitool = standIn([recordedFailure('suite-17-refused'), isOn, accepted], {
      options: { cipher_suites: [17, 3] },
    });
    await ipmitool.device.power.get(call);
    await ipmitool.device.power.set('on', call);
    expect(ipmitool.calls().map((args) => args[args.indexOf('-C') + 1])).to.deep.equal(['17', '3', '3']);
  });

  it('tries each suite once, and then says which were refused', async () => {
    await using ipmitool = standIn([recordedFailure('suite-17-refused')], { options: { cipher_suites: [3, 17] } });
    expect(await faultOf(ipmitool.device.power.set('on', call))).to.include({
      code: 'controller-suite-refused',
      detail: 'refused were the cipher suites 3, 17',
    });
    expect(ipmitool.calls()).to.have.length(2);
  });

  for (const name of [
    'wrong-password',
    'unknown-user',
    'table-full',
    'black-hole-R2',
    'garbage-always-R2',
    'login-answer-lost-R1',
  ]) {
    it(`tries no second suite, and not the same one again, after ${name}`, async () => {
      await using ipmitool = standIn([recordedFailure(name)], { options: { cipher_suites: [17, 3] } });
      await faultOf(ipmitool.device.power.get(call));
      expect(ipmitool.calls()).to.have.length(1);
    });
  }

  it('reads no more than a mebibyte, and makes nothing of it', async () => {
    await using ipmitool = standIn([`printf '${ready}' >&2; echo " 01 00 00"; head -c 2000000 /dev/zero`]);
    expect((await faultOf(ipmitool.device.power.get(call))).code).to.equal('controller-garbled');
  });

  it('tells an abandoned read at once, lets its process end by itself, and waits for that when closing', async () => {
    const script = `sleep 1; echo done >"$HOME/ended"; printf '${ready}' >&2; echo " 01 00 00"`;
    const ipmitool = standIn([script]);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    const began = performance.now();
    expect((await faultOf(ipmitool.device.power.get({ signal: abort.signal }))).code).to.equal(
      'controller-unreachable',
    );
    expect(performance.now() - began).to.be.lessThan(600);
    await ipmitool.connection[Symbol.asyncDispose]();
    expect(readFileSync(join(ipmitool.homeDir, 'ended'), 'utf8')).to.equal('done\n');
    await ipmitool[Symbol.asyncDispose]();
  });

  it('starts no further suite for a read that was abandoned', async () => {
    const script = `sleep 0.5; echo 'Error in open session response message : invalid authentication algorithm' >&2; exit 1`;
    const ipmitool = standIn([script], { options: { cipher_suites: [17, 3] } });
    await faultOf(ipmitool.device.power.get({ signal: AbortSignal.timeout(150) }));
    await sleep(700);
    expect(ipmitool.calls()).to.have.length(1);
    await ipmitool[Symbol.asyncDispose]();
  });

  it('kills an abandoned change, which nobody has sent by then', async () => {
    await using ipmitool = standIn([`sleep 1; echo sent >"$HOME/sent"; printf '${ready}' >&2; sleep 1`]);
    const fault = await faultOf(ipmitool.device.power.set('on', { signal: AbortSignal.timeout(300) }));
    expect(fault.code).to.equal('controller-unreachable');
    await sleep(1000);
    expect(() => readFileSync(join(ipmitool.homeDir, 'sent'))).to.throw('ENOENT');
  });

  it('leaves it open what became of an abandoned change that may have been sent', async () => {
    await using ipmitool = standIn([`printf '${ready}' >&2; exec sleep 5`]);
    const fault = await faultOf(ipmitool.device.power.set('on', { signal: AbortSignal.timeout(300) }));
    expect(fault.code).to.equal('outcome-unknown');
    expect(ipmitool.calls()).to.have.length(1);
  });

  it('starts nothing for a call that was abandoned before, and passes on why', async () => {
    await using ipmitool = standIn([isOn]);
    const stopping = { signal: AbortSignal.abort(new Fault('stopping')) };
    expect((await faultOf(ipmitool.device.power.get(stopping))).code).to.equal('stopping');
    expect((await faultOf(ipmitool.device.power.set('on', stopping))).code).to.equal('stopping');
    expect(ipmitool.calls()).to.have.length(0);
  });

  it('calls it a fault of its own when there is no ipmitool, or a closed connection is used', async () => {
    const ipmitool = standIn([isOn], {});
    rmSync(join(ipmitool.homeDir, '../ipmitool'));
    expect((await faultOf(ipmitool.device.power.get(call))).code).to.equal('internal');
    await ipmitool.connection[Symbol.asyncDispose]();
    expect((await faultOf(ipmitool.device.power.get(call))).code).to.equal('internal');
    await ipmitool[Symbol.asyncDispose]();
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../src/domain/secret.ts';
import { ipmi } from '../src/drivers/ipmi/index.ts';
import { passwordFile } from '../src/drivers/ipmi/password.ts';
import { run } from '../src/drivers/subprocess.ts';
import { childrenCpuMs, cpuMs } from './proc.ts';

/** What the parent asks for. */
export interface LoopRequest {
  /** `driver`: Igor's driver, in this process. `stock`: ipmitool in a shell's loop, as Debian installs it. */
  readonly way: 'driver' | 'stock';
  readonly times: number;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

export interface LoopResult {
  readonly seconds: number;
  /** CPU of ipmitool and of what started it, in all. */
  readonly cpuMs: number;
  readonly errors: number;
}

/** `power status`, one after the other; in a process of its own, so that nothing else counts. */
const loops: Readonly<Record<LoopRequest['way'], (request: LoopRequest) => Promise<LoopResult>>> = {
  async driver({ times, address, port, username, password }) {
    const homeDir = await mkdtemp(join(tmpdir(), 'igor-bench-home-'));
    await using connection = ipmi({ homeDir }).open({
      address,
      port,
      credential: { username, password: new Secret(password) },
      options: { cipher_suites: [3] },
      shelf: null,
    });
    const { signal } = new AbortController();
    const asked = async (count: number): Promise<number> => {
      let errors = 0;
      for (let done = 0; done < count; done += 1)
        if ((await connection.device.power?.get({ signal })) !== 'off') errors += 1;
      return errors;
    };
    await asked(5);
    const [before, begun] = [await cpuMs(process.pid), performance.now()];
    const errors = await asked(times);
    const result = { seconds: (performance.now() - begun) / 1000, cpuMs: (await cpuMs(process.pid)) - before, errors };
    await rm(homeDir, { recursive: true });
    return result;
  },

  async stock({ times, address, port, username, password }) {
    const secret = passwordFile(new Secret(password));
    const login = ['-I', 'lanplus', '-H', address, '-p', String(port), '-U', username, '-f', '/dev/fd/3'];
    const words = [...login, '-C', '3', '-L', 'ADMINISTRATOR', '-N', '1', '-R', '2', 'chassis', 'power', 'status'];
    const script = `i=0; while [ $i -lt ${times} ]; do /usr/bin/ipmitool "$@"; i=$((i+1)); done`;
    const [before, begun] = [await childrenCpuMs(process.pid), performance.now()];
    const { stdout } = await run(
      {
        file: '/bin/sh',
        args: ['-c', script, 'sh', ...words],
        env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C' },
        descriptors: [secret.descriptor()],
        timeoutMs: 60_000,
        maxBytes: 1024 * 1024,
      },
      new AbortController().signal,
    );
    secret.close();
    const right = stdout
      .toString()
      .split('\n')
      .filter((line) => line === 'Chassis Power is off').length;
    return {
      seconds: (performance.now() - begun) / 1000,
      cpuMs: (await childrenCpuMs(process.pid)) - before,
      errors: times - right,
    };
  },
};

process.once('message', (request: LoopRequest) => {
  void loops[request.way](request).then((result) => process.send?.(result, () => process.disconnect()));
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bmc } from '../deploy/demo/ipmi-sim.ts';
import { scratch } from '../test/support/parts.ts';
import type { Figure } from './figures.ts';
import { startIronic } from './ironic.ts';
import { childrenCpuMs } from './proc.ts';

/** How many of them are on, read past the BMCs. */
export const onCount = async (sims: readonly Bmc[]): Promise<number> =>
  (await Promise.all(sims.map(async ({ chassis }) => chassis.power()))).filter((power) => power === 'on').length;

/** `ipmitool … power on` in a shell's loop, eight at once. */
export const loopPower = async (sims: readonly Bmc[], target: 'on' | 'off'): Promise<readonly Figure[]> => {
  const call = `ipmitool -I lanplus -H "$0" -p "$1" -U igor -E -L ADMINISTRATOR -C 3 -R 1 -N 5 power ${target}`;
  const before = await childrenCpuMs(process.pid);
  const begun = performance.now();
  const env = { PATH: '/usr/bin:/bin', LANG: 'C', HOME: '/nonexistent', IPMITOOL_PASSWORD: 'igor-Secret' };
  const loop = spawn('xargs', ['-P', '8', '-n', '2', 'sh', '-c', call], { env, stdio: ['pipe', 'ignore', 'ignore'] });
  loop.stdin.end(sims.map(({ address, port }) => `${address} ${port}\n`).join(''));
  await once(loop, 'close');
  const seconds = (performance.now() - begun) / 1000;
  const cpu = (await childrenCpuMs(process.pid)) - before;
  const on = await onCount(sims);
  const wrong = target === 'on' ? sims.length - on : on;
  const name = `  peer: ipmitool in a loop, 8 at once: ${sims.length} ipmi_sim`;
  return [
    { name: `${name}, until all are on`, value: seconds, unit: 's', wrong },
    { name: `${name}, each`, value: cpu / sims.length, unit: 'ms CPU', wrong },
  ];
};

/** All at once; `tuned`: with a second between two commands to one BMC in place of five. */
export const ironicPower = async (sims: readonly Bmc[], isTuned: boolean): Promise<readonly Figure[]> => {
  const settings = isTuned ? { commandSeconds: 1 } : {};
  // Between two syncs lies more than a run.
  const ironic = await startIronic(await scratch('ironic'), { syncSeconds: 600, ...settings });
  try {
    await ironic.enrol(sims);
    await sleep(6_000); // so that nothing of the enrolment holds it up
    const before = await ironic.cpu();
    const begun = performance.now();
    const asked = ironic.powerOn(sims);
    const end = AbortSignal.timeout(150_000);
    while ((await onCount(sims)) < sims.length && !end.aborted) await sleep(50);
    const seconds = (performance.now() - begun) / 1000;
    const on = await onCount(sims);
    await asked;
    const name = `  peer: Ironic${isTuned ? ', tuned' : ''}, all at once: ${sims.length} ipmi_sim`;
    const wrong = sims.length - on;
    return [
      { name: `${name}, until all are on`, value: seconds, unit: 's', wrong },
      // Its conductor's and its ipmitools'; what it looks at afterwards, and its API, come on top.
      { name: `${name}, each`, value: ((await ironic.cpu()) - before) / sims.length, unit: 'ms CPU', wrong },
    ];
  } finally {
    await ironic.stop();
  }
};

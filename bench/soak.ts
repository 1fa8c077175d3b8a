import { fleetSoak, mishaps } from '../test/support/fleet-soak.ts';
import { soak } from '../test/support/soak.ts';
import { stopParts } from '../test/support/parts.ts';

/**
 * `npm run soak [operations]`: users ask one Igor, which is killed again and again; 100 000 operations, unless told.
 * `npm run soak -- --fleets [rounds]`: two replicas work off operations on sets, in each of which something goes wrong; 1000
 * rounds, unless told. Prints what came of it; exit code 1 when a promise was broken.
 */
const [first, second] = process.argv.slice(2);
process.once('SIGINT', () => void stopParts().finally(() => process.exit(130)));
const begun = performance.now();
const seconds = (): number => Math.round((performance.now() - begun) / 1000);
const say = (what: string): void => console.error(`== ${seconds()} s: ${what}`);

const users = async (operations: number): Promise<boolean> => {
  const soaked = await soak({ operations, machines: 20, users: 12, killAfter: [400, 4_000], say });
  console.log(JSON.stringify({ ...soaked, seconds: seconds() }, null, 1));
  const { sessionsLeft, changesCarriedOut, changesAsked, strange } = soaked;
  return sessionsLeft === 0 && changesCarriedOut <= changesAsked && strange.length === 0;
};

const fleets = async (count: number): Promise<boolean> => {
  const rounds = Array.from({ length: count }, (_, index) => mishaps[index % mishaps.length] ?? 'kill');
  const soaked = await fleetSoak({ rounds, machines: 12, say });
  console.log(JSON.stringify({ ...soaked, seconds: seconds() }, null, 1));
  return soaked.wrong.length === 0;
};

try {
  const kept = first === '--fleets' ? await fleets(Number(second ?? 1_000)) : await users(Number(first ?? 100_000));
  if (!kept) process.exitCode = 1;
} finally {
  await stopParts();
}

import { soak } from '../test/support/soak.ts';
import { stopParts } from '../test/support/parts.ts';

/** `npm run soak [operations]`: 100 000, unless told. Prints what came of it; exit code 1 when a promise was broken. */
const operations = Number(process.argv[2] ?? 100_000);
process.once('SIGINT', () => void stopParts().finally(() => process.exit(130)));
try {
  const begun = performance.now();
  const say = (what: string): void => console.error(`== ${Math.round((performance.now() - begun) / 1000)} s: ${what}`);
  const soaked = await soak({ operations, machines: 20, users: 12, killAfter: [400, 4_000], say });
  console.log(JSON.stringify({ ...soaked, seconds: Math.round((performance.now() - begun) / 1000) }, null, 1));
  const { sessionsLeft, changesCarriedOut, changesAsked, strange } = soaked;
  if (sessionsLeft > 0 || changesCarriedOut > changesAsked || strange.length > 0) process.exitCode = 1;
} finally {
  await stopParts();
}

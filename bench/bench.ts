import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { keystoneStandIn } from '../test/support/keystone-stand-in.ts';
import { keystone, scratch, stopParts } from '../test/support/parts.ts';
import { startIgor, type BenchIgor, type IgorOptions } from './igor.ts';
import { ipmiRows } from './ipmi.ts';
import { load } from './load.ts';
import { figureTable, type Figure } from './figures.ts';
import { inTurn, restRow, type Effort } from './rest.ts';
import { table, type Row } from './rows.ts';
import { sideTable, type SideRow } from './sides.ts';
import { sets } from './sets.ts';
import { enrolSite, machineCount, madeToken, personaToken, record, startBmcs, type Site } from './site.ts';
import { sweepTable, sweeps, type Sweep } from './sweep.ts';
import { shownFirstUses, withKeystone, withStandIn, type FirstUses, type SidesOptions } from './whoami.ts';

const words = new Set(process.argv.slice(2));
const quick = words.has('--quick');
const effort: Effort = quick ? { windows: 1, seconds: 1 } : { windows: 3, seconds: 2 };
const resultsDir = fileURLToPath(new URL('../.bench/', import.meta.url));

const realTokens = quick ? 20 : 500;
const manyTokens = quick ? 1_000 : 10_000;
const floodTokens = quick ? 0 : words.has('--all') ? 1_000_000 : 200_000;

/** `--sweeps`: those alone. */
const sweepsAlone = words.has('--sweeps');
/** `--fleets`: operations on sets, those alone. */
const setsAlone = words.has('--fleets');

const say = (what: string): void => console.error(`== ${what}`);

const isPower = (body: string): boolean => body.includes('"state":"off"') && body.includes('"stale":false');
const isList = (body: string): boolean => body.split('"power_state":"off"').length === machineCount + 1;

/** With one real token of the real Keystone's. */
const oneToken = async (igor: BenchIgor, { ids, realIds }: Site): Promise<readonly Row[]> => {
  const token = await personaToken('bob');
  const observed = inTurn(ids.map((id) => ({ path: `/v1/machines/${id}/power`, token })));
  const refreshed = inTurn(realIds.map((id) => ({ path: `/v1/machines/${id}/power?refresh=true`, token })));
  const rows: Row[] = [];
  for (const connections of [1, 16, 64])
    rows.push(
      await restRow(igor, effort, {
        name: 'GET power, observed, 1 token',
        connections,
        bar: 0.5,
        next: observed,
        isRight: isPower,
      }),
    );
  for (const connections of [1, 16])
    rows.push(
      await restRow(igor, effort, {
        name: `GET list of ${machineCount}`,
        connections,
        bar: 2,
        next: () => ({ path: '/v1/machines', token }),
        isRight: isList,
      }),
    );
  for (const connections of [1, 4])
    rows.push(
      await restRow(igor, effort, {
        name: 'GET power?refresh=true, ipmitool + API',
        connections,
        bar: 10,
        next: refreshed,
        isRight: isPower,
      }),
    );
  return rows;
};

/** With distinct tokens, each validated once before it is measured. */
const severalTokens = async (options: IgorOptions, { ids }: Site): Promise<readonly Row[]> => {
  const { keystone: recorded, bodies } = await record();
  const standIn = await keystoneStandIn(recorded);
  const igor = await startIgor({ ...options, keystoneUrl: standIn.url });
  try {
    const nextBody = inTurn(bodies);
    const tokens = Array.from({ length: manyTokens }, () => {
      const told = { token: madeToken(), body: nextBody() };
      standIn.tell(told);
      return told.token;
    });
    const nextId = inTurn(ids);
    const nextToken = inTurn(tokens);
    const next = () => ({ path: `/v1/machines/${nextId()}/power`, token: nextToken() });
    const cold = await igor.cpu();
    const until = { requests: manyTokens };
    const first = await load({ url: igor.url, connections: 16, until, next, isRight: isPower });
    const warm = await igor.cpu();
    const { perSecond, p50Ms, p99Ms, errors } = first;
    const rows: Row[] = [
      {
        ...{
          name: `GET power, observed, ${manyTokens} tokens, unseen`,
          connections: 16,
          perSecond,
          p50Ms,
          p99Ms,
          errors,
        },
        figure: (warm.igor - cold.igor) / manyTokens,
        postgres: (warm.postgres - cold.postgres) / manyTokens,
        unit: 'ms CPU',
      },
    ];
    const asked = standIn.validations();
    for (const connections of [16, 64]) {
      const name = `GET power, observed, ${manyTokens} tokens, warm`;
      const row = await restRow(igor, effort, { name, connections, bar: 0.5, next, isRight: isPower });
      rows.push({ ...row, errors: (row.errors ?? 0) + standIn.validations() - asked });
    }
    rows.push(await memoryRow(`resident, after ${manyTokens} tokens`, igor));
    return rows;
  } finally {
    await igor.stop();
    await standIn.stop();
  }
};

const memoryRow = async (name: string, igor: BenchIgor): Promise<Row> => {
  const memory = await igor.memory();
  return { name, figure: memory.igor, postgres: memory.postgres, unit: 'MB', bar: 150 };
};

const startRow = (name: string, { readySeconds }: BenchIgor): Row => ({ name, figure: readySeconds, unit: 's' });

interface Measured {
  readonly rows: readonly Row[];
  readonly sides: readonly SideRow[];
  readonly firstUses: FirstUses;
}

const swept = async (): Promise<readonly Sweep[]> => {
  say('the power of whole fleets; ipmitool in a loop and Ironic beside it');
  const { url: keystoneUrl, igorPasswordFile } = await keystone();
  return sweeps({ keystoneUrl, igorPasswordFile }, quick, say);
};

const setsMeasured = async (): Promise<readonly Figure[]> => {
  say('operations on whole sets; ipmitool in a loop and Ironic beside them');
  const nodeArgs = words.has('--profile') ? ['--cpu-prof', `--cpu-prof-dir=${resultsDir}`] : [];
  return sets({ quick, nodeArgs, say });
};

const measure = async (): Promise<Measured> => {
  say('the real Keystone, 100 BMCs');
  const { url: keystoneUrl, igorPasswordFile } = await keystone();
  const bmcs = await startBmcs();
  const profile = words.has('--profile') ? { nodeArgs: ['--cpu-prof', `--cpu-prof-dir=${resultsDir}`] } : {};
  const options: IgorOptions = { dataDir: await scratch('bench'), keystoneUrl, igorPasswordFile };
  try {
    say('first start; enrolling');
    const first = await startIgor(options);
    const site = await enrolSite(first, bmcs).finally(async () => first.stop());

    say('second start; one token');
    const second = await startIgor({ ...options, ...profile });
    const rows: Row[] = [];
    const memory: Row[] = [await memoryRow('resident, after the start', second)];
    try {
      rows.push(...(await oneToken(second, site)));
      memory.push(await memoryRow('resident, after the load', second));
    } finally {
      await second.stop();
    }
    say(`${manyTokens} tokens, of a stand-in for Keystone`);
    rows.push(...(await severalTokens({ ...options, ...profile }, site)));
    say("Python's middleware beside it, the real Keystone");
    const whoami: SidesOptions = { igor: options, effort, severalTokens: realTokens, manyTokens, floodTokens };
    const real = await withKeystone(whoami);
    say(`the same, ${manyTokens} tokens and ${floodTokens} tokens, of a stand-in`);
    const { rows: replayed, firstUses, flood } = await withStandIn(whoami);
    rows.push(...flood.filter(({ unit }) => unit !== 'MB'));
    memory.push(...flood.filter(({ unit }) => unit === 'MB'));
    say('ipmitool');
    rows.push(...(await ipmiRows(bmcs.real[0], quick ? 20 : 100)));
    rows.push(
      startRow('first start until ready, with initdb', first),
      startRow('second start until ready', second),
      ...memory,
    );
    return { rows, sides: [...real, ...replayed], firstUses };
  } finally {
    await Promise.all(bmcs.own.map(async (bmc) => bmc.stop()));
  }
};

const peers = `Ironic, measured earlier on a machine of the same kind (2 cores), not by this run:
  its API (conductor apart), WITHOUT authentication: 5 ms CPU for one node's states, 270 req/s on both
  cores; 22 ms for a list of 100.`;

process.once('SIGINT', () => void stopParts().finally(() => process.exit(130)));
try {
  const begun = performance.now();
  const before = loadavg();
  await mkdir(resultsDir, { recursive: true });
  const isAll = !sweepsAlone && !setsAlone;
  const { rows, sides, firstUses } = isAll ? await measure() : { rows: [], sides: [], firstUses: null };
  const fleets = setsAlone ? [] : await swept();
  const operations = sweepsAlone ? [] : await setsMeasured();
  const [cpu] = cpus();
  const machine = {
    node: process.version,
    kernel: release(),
    cpu: cpu?.model ?? '',
    cores: cpus().length,
    load: { before, after: loadavg() },
  };
  const seconds = (performance.now() - begun) / 1000;
  await writeFile(
    `${resultsDir}latest.json`,
    JSON.stringify(
      { at: new Date().toISOString(), quick, seconds, machine, rows, sides, firstUses, fleets, operations },
      null,
      1,
    ),
  );
  const tables = firstUses === null ? [] : [table(rows), sideTable(sides), shownFirstUses(firstUses), peers];
  if (fleets.length > 0) tables.push(sweepTable(fleets));
  if (operations.length > 0) tables.push(figureTable('Power on of whole sets of machines', operations));
  console.log(tables.join('\n\n'));
  const isInvalid =
    [...rows, ...sides].some(({ errors = 0 }) => errors > 0) ||
    fleets.some(({ missing }) => missing > 0) ||
    operations.some(({ wrong = 0 }) => wrong > 0);
  if (isInvalid) process.exitCode = 1;
} finally {
  await stopParts();
}

import type { BenchIgor } from './igor.ts';
import { load } from './load.ts';
import type { Row } from './rows.ts';
import { isWhoami } from './sides.ts';
import { madeToken } from './site.ts';

/** How often the memory is looked at on the way. */
const looks = 10;

/**
 * So many tokens, each asked with once, and what that does to Igor's memory: the most of the first half, when the
 * cache has long been full, is the bar for the most of the second.
 */
export const floodRows = async (igor: BenchIgor, tokens: number): Promise<readonly Row[]> => {
  if (tokens === 0) return [];
  const begun = await igor.memory();
  const cold = await igor.cpu();
  const resident: number[] = [];
  let [errors, seconds] = [0, 0];
  for (let done = 0; done < looks; done += 1) {
    const before = performance.now();
    const answers = await load({
      url: igor.url,
      connections: 16,
      until: { requests: tokens / looks },
      next: () => ({ path: '/v1/whoami', token: madeToken() }),
      isRight: isWhoami,
    });
    seconds += (performance.now() - before) / 1000;
    errors += answers.errors;
    resident.push((await igor.memory()).igor);
  }
  const cost = (await igor.cpu()).igor - cold.igor;
  const [first, second] = [resident.slice(0, looks / 2), resident.slice(looks / 2)];
  return [
    {
      name: `whoami, ${tokens} tokens, each unseen`,
      connections: 16,
      perSecond: tokens / seconds,
      figure: cost / tokens,
      unit: 'ms CPU',
      errors,
    },
    { name: 'resident, before them', figure: begun.igor, unit: 'MB' },
    { name: 'resident, the most of the first half', figure: Math.max(...first), unit: 'MB' },
    {
      name: 'resident, the most of the second half',
      figure: Math.max(...second),
      unit: 'MB',
      bar: Math.max(...first) * flat,
      errors,
    },
  ];
};

/** The collector's own comings and goings. */
const flat = 1.1;

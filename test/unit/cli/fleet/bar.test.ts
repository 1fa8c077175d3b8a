import { expect } from 'chai';
import fc from 'fast-check';
import { barLine, tempo, type Tally } from '../../../../src/cli/fleet/bar.ts';

const none = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, unknown: 0 };
const untold = { perSecond: null, leftMs: null };
const colourless = (text: string): string => text;

const shown = (counts: Partial<Tally['counts']>, total: number, columns = 80, told = untold as object): string =>
  barLine('power.set on', { total, counts: { ...none, ...counts } }, { ...untold, ...told }, columns, colourless);

describe('the bar of an operation', () => {
  it('tells what is done, under way and wrong, how fast it goes and how long it lasts', () => {
    const line = shown({ queued: 50, running: 8, succeeded: 41, failed: 1 }, 100, 92, {
      perSecond: 2.14,
      leftMs: 28_300,
    });
    expect(line).to.equal(
      'power.set on [############------------------] 42/100, 1 failed, 8 running, 28 s left, 2.1/s',
    );
  });

  it('is full when all is done, and not before', () => {
    expect(shown({ queued: 1, succeeded: 9999 }, 10_000)).to.match(/\[#+-\] 9999\/10000$/);
    expect(shown({ succeeded: 10_000 }, 10_000)).to.match(/\[#+\] 10000\/10000$/);
  });

  it('shows a failure among thousands', () => {
    const line = barLine(
      'power.set on',
      { total: 10_000, counts: { ...none, succeeded: 9999, failed: 1 } },
      untold,
      80,
      (text, colour) => `<${colour} ${text}>`,
    );
    expect(line).to.match(/^power\.set on \[<green #+><red #>\] 10000\/10000, <red 1 failed>$/);
  });

  it('gives up the speed, the title and the bar as the window becomes narrower, and what is wrong last', () => {
    const counts = { queued: 50, running: 8, succeeded: 41, failed: 1 };
    const told = { perSecond: 2.14, leftMs: 28_300 };
    expect(shown(counts, 100, 70, told)).to.equal('power.set on [#########--------------] 42/100, 1 failed, 8 running');
    expect(shown(counts, 100, 34, told)).to.equal('[####-------] 42/100, 1 failed');
    expect(shown(counts, 100, 20, told)).to.equal('42/100, 1 failed');
    expect(shown(counts, 100, 9, told)).to.equal('42/100');
  });

  it('is never wider than the window', () => {
    const some = fc.nat(20_000);
    fc.assert(
      fc.property(
        fc.record({ queued: some, running: some, succeeded: some, failed: some, cancelled: some, unknown: some }),
        fc.integer({ min: 8, max: 250 }),
        some,
        (counts, columns, leftMs) => {
          const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
          expect(shown(counts, total, columns, { perSecond: leftMs / 7, leftMs }).length).to.be.at.most(columns);
        },
      ),
    );
  });
});

describe('the tempo of an operation', () => {
  const tally = (queued: number, succeeded: number): Tally => ({
    total: queued + succeeded,
    counts: { ...none, queued, succeeded },
  });

  it('is that of the last ten seconds', () => {
    const seen = tempo(0);
    expect(seen(tally(100, 0), 0)).to.deep.equal({ perSecond: null, leftMs: null });
    expect(seen(tally(90, 10), 5000)).to.deep.equal({ perSecond: 2, leftMs: 45_000 });
    expect(seen(tally(90, 10), 14_000)).to.deep.equal({ perSecond: null, leftMs: null });
    expect(seen(tally(80, 20), 15_000)).to.deep.equal({ perSecond: 1, leftMs: 80_000 });
  });

  it('is never told faster than the stagger lets it go', () => {
    const seen = tempo(500);
    expect(seen(tally(100, 0), 0)).to.deep.equal({ perSecond: null, leftMs: 50_000 });
    expect(seen(tally(80, 20), 1000)).to.deep.equal({ perSecond: 20, leftMs: 40_000 });
  });
});

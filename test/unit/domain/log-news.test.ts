import { expect } from 'chai';
import { keyOf, newIn } from '../../../src/domain/log-news.ts';
import type { LogEntry } from '../../../src/domain/event-log.ts';

/** Entries as far as they are told apart. */
const log = (...ids: readonly string[]): LogEntry[] => ids.map((id) => ({ id, raw: `raw of ${id}` }) as LogEntry);
const idsOf = ({ added }: { added: readonly LogEntry[] }): string[] => added.map(({ id }) => id);
const seen = (...ids: readonly string[]) => ({ newest: log(...ids).map(keyOf), entries: ids.length, erasedAt: null });
const cleared = new Date('2026-11-21T10:00:00Z');

describe('what is new in an event log', () => {
  it('is what came after the newest that was seen', () => {
    expect(newIn(log('1', '2', '3', '4'), seen('1', '2'), null)).to.deep.include({ skipped: 0 });
    expect(idsOf(newIn(log('1', '2', '3', '4'), seen('1', '2'), null))).to.deep.equal(['3', '4']);
    expect(idsOf(newIn(log('1', '2'), seen('1', '2'), null))).to.deep.equal([]);
  });

  it('is not what is left when the newest was deleted', () => {
    expect(idsOf(newIn(log('1', '2'), seen('1', '2', '3'), null))).to.deep.equal([]);
    expect(idsOf(newIn(log('1', '4'), seen('1', '2', '3'), null))).to.deep.equal(['4']);
  });

  it('is all there is after a clear, also where a number is given anew', () => {
    const before = seen('1', '2', '3');
    const anew = [{ id: '1', raw: 'another' } as LogEntry];
    expect(newIn(anew, before, cleared)).to.deep.equal({ added: anew, skipped: 0 });
    expect(idsOf(newIn(log('1'), { newest: null, entries: 3, erasedAt: null }, cleared))).to.deep.equal(['1']);
    expect(idsOf(newIn([], before, cleared))).to.deep.equal([]);
  });

  it('is what came after those that were only counted', () => {
    expect(idsOf(newIn(log('1', '2', '3'), { newest: null, entries: 2, erasedAt: cleared }, cleared))).to.deep.equal([
      '3',
    ]);
    expect(idsOf(newIn(log('1'), { newest: null, entries: 2, erasedAt: null }, null))).to.deep.equal([]);
  });

  it('may have been missed in part when nothing that was seen is left', () => {
    expect(newIn(log('8', '9'), seen('1', '2'), null).skipped).to.equal(null);
    expect(idsOf(newIn(log('8', '9'), seen('1', '2'), null))).to.deep.equal(['8', '9']);
  });

  it('is the newest fifty of a flood, with the number of the others', () => {
    const many = log(...Array.from({ length: 130 }, (_, index) => String(index)));
    const news = newIn(many, seen('0', '1'), null);
    expect(news.skipped).to.equal(78);
    expect([news.added.length, news.added.at(-1)?.id]).to.deep.equal([50, '129']);
  });

  it('is everything in a log that was empty', () => {
    expect(idsOf(newIn(log('1'), seen(), null))).to.deep.equal(['1']);
    expect(newIn(log('1'), seen(), null).skipped).to.equal(0);
  });
});

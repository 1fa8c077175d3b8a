import { expect } from 'chai';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../../src/domain/fault.ts';
import { conversation, type Conversation } from '../../../../src/drivers/ipmi/conversation.ts';
import type { Answer, Message } from '../../../../src/drivers/ipmi/message.ts';
import { paces } from '../../../../src/drivers/ipmi/pace.ts';
import { faultOf } from '../../../support/fault-of.ts';
import { recordedNames, recordedRuns } from './recorded.ts';

const { signal } = new AbortController();
const now = (): number => performance.now();

interface Talk {
  readonly talk: Conversation;
  /** The lines that were written, without their ends. */
  readonly written: string[];
  doubts(): number;
}

const converse = ({ answerMs = 5000, intervalMs = 0, readsAtOnce = 8, mayChange = (): boolean => true } = {}): Talk => {
  const written: string[] = [];
  let doubts = 0;
  const talk = conversation({
    say: (text) => void written.push(...text.split('\n').slice(0, -1)),
    doubted: () => (doubts += 1),
    pace: paces(now)('here', intervalMs),
    now,
    answerMs,
    readsAtOnce,
    mayChange,
  });
  return { talk, written, doubts: () => doubts };
};

const status: Message = { netfn: 0x00, command: 0x01 };
const on: Message = { netfn: 0x00, command: 0x02, data: [0x01] };
const off: Message = { netfn: 0x00, command: 0x02, data: [0x00] };
const deviceId: Message = { netfn: 0x06, command: 0x01 };

/** What a shell prints of a message and its answer, byte for byte as ipmitool 1.8.19 does. */
const printed = (line: string, { completion, data }: Answer): { readonly stdout: string; readonly stderr: string } => {
  const [, netfn = '', command = '', ...bytes] = line.split(' ').map((word) => word.replace(/^0x0?/, ''));
  const which = `channel=0x0 netfn=0x${netfn} lun=0x0 cmd=0x${command}`;
  const sent = `RAW REQ (${which} data_len=${bytes.length})\n`;
  if (completion !== 0) {
    const words = completion < 0xc0 ? `Unknown (0x${hexOf(completion).toUpperCase()})` : 'Some words';
    const refused = `Unable to send RAW command (${which} rsp=0x${completion.toString(16)}): ${words}\n`;
    return { stdout: `${line}\nipmitool> `, stderr: sent + refused };
  }
  const hex = [...data].map((byte) => ` ${hexOf(byte)}`);
  const rows = Array.from({ length: Math.max(1, Math.ceil(hex.length / 16)) }, (_, row) =>
    hex.slice(16 * row, 16 * row + 16).join(''),
  );
  return {
    stdout: `${line}\n${rows.join('\n')}\nipmitool> `,
    stderr: `${sent}RAW RSP (${data.length} bytes)\n`,
  };
};
const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0');
const answer = (hex: string, completion = 0): Answer => ({ completion, data: Buffer.from(hex, 'hex') });
/** What standard error says of a change, and of its refusal. */
const refusalOf = (end: string): string => {
  const which = 'channel=0x0 netfn=0x0 lun=0x0 cmd=0x2';
  return `RAW REQ (${which} data_len=1)\nUnable to send RAW command (${which} ${end}\n`;
};
const hear = (talk: Conversation, line: string, said: Answer): void => {
  const { stdout, stderr } = printed(line, said);
  talk.heard(stdout, stderr);
};

describe('a conversation with a shell of ipmitool', () => {
  it('gives each message its own answer, whether they come one by one or together', async () => {
    const { talk, written } = converse();
    const [first, second, third] = [status, deviceId, status].map(async (each) => talk.exchange(each, 'read', signal));
    expect(written).to.deep.equal(['raw 0x00 0x01', 'raw 0x06 0x01', 'raw 0x00 0x01']);
    const [a, b] = [printed('raw 0x00 0x01', answer('01', 0)), printed('raw 0x06 0x01', answer('', 0xc1))];
    talk.heard(a.stdout + b.stdout, a.stderr + b.stderr);
    hear(talk, 'raw 0x00 0x01', answer('0203'));
    expect(await Promise.all([first, second, third])).to.deep.equal([answer('01'), answer('', 0xc1), answer('0203')]);
  });

  it('keeps what standard error says ahead of standard output for the message that it is about', async () => {
    const { talk } = converse();
    const answers = [status, deviceId].map(async (each) => talk.exchange(each, 'read', signal));
    const [a, b] = [printed('raw 0x00 0x01', answer('', 0xd5)), printed('raw 0x06 0x01', answer('2001'))];
    talk.heard(a.stdout, `ERROR: Received message with invalid authcode!\n${a.stderr}${b.stderr}`);
    talk.heard(b.stdout, '');
    expect(await Promise.all(answers)).to.deep.equal([answer('', 0xd5), answer('2001')]);
  });

  it('writes no more than eight reads before the first is answered', () => {
    const { talk, written } = converse();
    for (let n = 0; n < 20; n++) talk.exchange(status, 'read', signal).catch(() => undefined);
    expect(written).to.have.length(8);
    hear(talk, 'raw 0x00 0x01', answer('01'));
    expect(written).to.have.length(9);
  });

  it('writes a change when nothing else is under way, and nothing behind it before it is answered', async () => {
    const { talk, written } = converse();
    const all = [
      talk.exchange(status, 'read', signal),
      talk.exchange(on, 'change', signal),
      talk.exchange(deviceId, 'read', signal),
    ];
    expect(written).to.have.length(1);
    hear(talk, 'raw 0x00 0x01', answer('01'));
    expect(written).to.deep.equal(['raw 0x00 0x01', 'raw 0x00 0x02 0x01']);
    hear(talk, 'raw 0x00 0x02 0x01', answer(''));
    expect(written).to.have.length(3);
    hear(talk, 'raw 0x06 0x01', answer('20'));
    expect(await Promise.all(all)).to.have.length(3);
  });

  it('never writes a change that waited until another replica may have the controller, and goes on with the reads', async () => {
    let isOurs = true;
    const { talk, written } = converse({ mayChange: () => isOurs });
    const read = talk.exchange(status, 'read', signal);
    const late = faultOf(talk.exchange(on, 'change', signal));
    const next = talk.exchange(deviceId, 'read', signal);
    // As after a stop of the whole process: the answer is heard before any timer or signal tells that too much time has passed.
    isOurs = false;
    hear(talk, 'raw 0x00 0x01', answer('01'));
    hear(talk, 'raw 0x06 0x01', answer('20'));
    expect((await late).code).to.equal('controller-unreachable');
    expect(await Promise.all([read, next])).to.deep.equal([answer('01'), answer('20')]);
    expect(written).to.deep.equal(['raw 0x00 0x01', 'raw 0x06 0x01']);
    expect(talk.isSound).to.be.true;
  });

  it('lets a change wait for one read, however many wait, where it shares a session with them', async () => {
    const { talk, written } = converse({ readsAtOnce: 1 });
    for (let n = 0; n < 20; n++) talk.exchange(status, 'read', signal).catch(() => undefined);
    const changes = [talk.exchange(on, 'change', signal), talk.exchange(off, 'change', signal)];
    expect(written).to.deep.equal(['raw 0x00 0x01']);
    hear(talk, 'raw 0x00 0x01', answer('01'));
    hear(talk, 'raw 0x00 0x02 0x01', answer(''));
    hear(talk, 'raw 0x00 0x02 0x00', answer(''));
    expect(await Promise.all(changes)).to.deep.equal([answer(''), answer('')]);
    expect(written).to.deep.equal(['raw 0x00 0x01', 'raw 0x00 0x02 0x01', 'raw 0x00 0x02 0x00', 'raw 0x00 0x01']);
  });

  it('does not send what was given up before it was written', async () => {
    const { talk, written } = converse();
    const abort = new AbortController();
    const first = talk.exchange(status, 'read', signal);
    const change = faultOf(talk.exchange(on, 'change', abort.signal));
    const read = faultOf(talk.exchange(deviceId, 'read', abort.signal));
    abort.abort(new Fault('stopping'));
    expect([(await change).code, (await read).code]).to.deep.equal(['stopping', 'stopping']);
    hear(talk, 'raw 0x00 0x01', answer('01'));
    expect(await first).to.deep.equal(answer('01'));
    expect(written).to.deep.equal(['raw 0x00 0x01']);
    expect(talk.isSound).to.equal(true);
  });

  it('tells who gives up at once, and drops the answer by its place', async () => {
    const { talk } = converse();
    const abort = new AbortController();
    const lost = faultOf(talk.exchange(status, 'read', abort.signal));
    const next = talk.exchange(status, 'read', signal);
    abort.abort();
    expect((await lost).code).to.equal('controller-unreachable');
    hear(talk, 'raw 0x00 0x01', answer('aa'));
    hear(talk, 'raw 0x00 0x01', answer('bb'));
    expect(await next).to.deep.equal(answer('bb'));
  });

  it('leaves it open what became of a change that was given up after it was written', async () => {
    const { talk } = converse();
    const abort = new AbortController();
    const change = faultOf(talk.exchange(on, 'change', abort.signal));
    abort.abort(new Fault('stopping'));
    expect((await change).code).to.equal('outcome-unknown');
    hear(talk, 'raw 0x00 0x02 0x01', answer(''));
    expect(talk.isSound).to.equal(true);
  });

  for (const [what, stdout, stderr] of [
    ['the echo of something else', 'raw 0x06 0x01\n 01\nipmitool> ', ''],
    ['a line of its own', 'Hello\nipmitool> ', ''],
    ['an answer without an echo', ' 01\nipmitool> ', ''],
    ['two answers to one message', 'raw 0x00 0x02 0x01\n\nipmitool> raw 0x00 0x02 0x01\n\nipmitool> ', ''],
    ['the announcement of something else', 'raw 0x00 0x02 0x01\n\nipmitool> ', 'RAW REQ (channel=0x0 netfn=0x6)\n'],
    ['a completion code of three digits', 'raw 0x00 0x02 0x01\nipmitool> ', refusalOf('rsp=0x100x10): Unknown (0x10)')],
    [
      'a completion code that its words gainsay',
      'raw 0x00 0x02 0x01\nipmitool> ',
      refusalOf('rsp=0x55): Unknown (0x05)'),
    ],
    ['no announcement', 'raw 0x00 0x02 0x01\n\nipmitool> ', ''],
  ] as const) {
    it(`trusts nothing any more after ${what}, and leaves a change open`, async () => {
      const { talk, doubts } = converse();
      const change = faultOf(talk.exchange(on, 'change', signal));
      const queued = faultOf(talk.exchange(status, 'read', signal));
      talk.heard(stdout, stderr);
      expect([(await change).code, (await queued).code]).to.deep.equal(['outcome-unknown', 'controller-unreachable']);
      expect([talk.isSound, doubts()]).to.deep.equal([false, 1]);
      expect((await faultOf(talk.exchange(status, 'read', signal))).code).to.equal('controller-unreachable');
      talk.ended();
      expect(doubts()).to.equal(1);
    });
  }

  it('ends the session when a message is not answered, lest a late answer be taken for that of the next', async () => {
    const { talk } = converse();
    const asked = faultOf(talk.exchange(status, 'read', signal));
    const line = 'channel=0x0 netfn=0x0 lun=0x0 cmd=0x1';
    talk.heard('raw 0x00 0x01\nipmitool> ', `RAW REQ (${line} data_len=0)\nUnable to send RAW command (${line})\n`);
    expect((await asked).code).to.equal('controller-unreachable');
    expect(talk.isSound).to.equal(false);
  });

  it('waits no longer than its time, from when a message has become the first', async () => {
    const { talk, doubts } = converse({ answerMs: 150 });
    const [first, second] = [status, deviceId].map(async (each) => talk.exchange(each, 'read', signal));
    await sleep(100);
    hear(talk, 'raw 0x00 0x01', answer('01'));
    await first;
    await sleep(100);
    expect(doubts()).to.equal(0);
    expect((await faultOf(second ?? Promise.resolve())).code).to.equal('controller-unreachable');
    expect(doubts()).to.equal(1);
  });

  it('leaves a change open, and fails a read, when the shell ends', async () => {
    for (const [message, kind, code] of [
      [on, 'change', 'outcome-unknown'],
      [status, 'read', 'controller-unreachable'],
    ] as const) {
      const { talk } = converse();
      const asked = faultOf(talk.exchange(message, kind, signal));
      talk.ended();
      expect((await asked).code).to.equal(code);
    }
  });

  it('takes nothing more when it is being closed, and still hears what is under way', async () => {
    const { talk, written } = converse();
    const change = talk.exchange(on, 'change', signal);
    const queued = faultOf(talk.exchange(status, 'read', signal));
    talk.leave();
    expect((await queued).code).to.equal('controller-unreachable');
    expect((await faultOf(talk.exchange(status, 'read', signal))).code).to.equal('internal');
    hear(talk, 'raw 0x00 0x02 0x01', answer(''));
    expect(await change).to.deep.equal(answer(''));
    expect(written).to.have.length(1);
  });

  it('lets no more than a thousand messages wait', async () => {
    const { talk } = converse();
    for (let n = 0; n < 1008; n++) talk.exchange(status, 'read', signal).catch(() => undefined);
    expect((await faultOf(talk.exchange(status, 'read', signal))).code).to.equal('controller-busy');
  });

  it('keeps its distance between two messages', async () => {
    const { talk, written } = converse({ intervalMs: 60 });
    const began = now();
    const all = [1, 2, 3].map(async () => talk.exchange(status, 'read', signal));
    for (let n = 1; n <= 3; n++) {
      while (written.length < n) await sleep(5);
      expect(now() - began).to.be.within((n - 1) * 60 - 2, (n - 1) * 60 + 200);
      hear(talk, 'raw 0x00 0x01', answer('01'));
    }
    await Promise.all(all);
  });

  it('quotes nothing of what was printed', async () => {
    const { talk } = converse();
    const asked = faultOf(talk.exchange({ ...on, isSecret: true }, 'change', signal));
    talk.heard('raw 0x00 0x02 0x01\n 53 65 63 72 65 74 said\nipmitool> ', 'Secret\n');
    const fault = await asked;
    expect(`${fault.detail}${String(fault.cause)}`).not.to.match(/raw|0x|53|said|Secret/);
  });
});

/** A transcript that something has happened to. */
interface Spoilt {
  readonly stdout: string;
  readonly stderr: string;
}

describe('a conversation with a shell that is out of its mind', () => {
  const outputs = recordedNames().flatMap((name) =>
    recordedRuns(name).flatMap(({ stdout, stderr }) => [stdout, stderr]),
  );
  const message = fc.record({
    netfn: fc.constantFrom(0x00, 0x04, 0x06, 0x0a),
    command: fc.integer({ min: 1, max: 255 }),
    data: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 }),
  });
  const said = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => answer(Buffer.from(bytes).toString('hex'))),
    },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }).map((code) => answer('', code)) },
  );
  const noise = fc.oneof(
    fc.constantFrom(...outputs.filter((text) => text !== '')),
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.constantFrom('ipmitool> ', '\n', ' 00 00 40\n', 'raw 0x00 0x01\n 01 00 00\nipmitool> '),
  );
  /** Something in between, a part of it twice, or its end missing. */
  const spoiling = fc.oneof(
    fc.record({ noise, at: fc.nat() }).map(({ noise: what, at }) => (text: string) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + what + text.slice(place);
    }),
    fc.record({ from: fc.nat(), length: fc.nat() }).map(({ from, length }) => (text: string) => {
      const start = from % (text.length + 1);
      const end = start + (length % (text.length - start + 1));
      return text.slice(0, end) + text.slice(start);
    }),
    fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
  );
  const spoilt = (stdout: string, stderr: string, spoil: (text: string) => string, which: boolean): Spoilt => {
    const text = which ? spoil(stdout) : stdout;
    // As the warden has it: up to a prompt.
    return { stdout: text.slice(0, text.lastIndexOf('ipmitool> ') + 10), stderr: which ? stderr : spoil(stderr) };
  };

  it('gives each message its own answer or a fault, never that of another, and never a value that was not sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(message, said), { minLength: 1, maxLength: 4 }),
        spoiling,
        fc.boolean(),
        async (exchanges, spoil, isOutput) => {
          const { talk, written } = converse();
          const asked = exchanges.map(async ([each]) =>
            talk.exchange(each, 'read', signal).catch((fault: unknown) => fault),
          );
          const prints = exchanges.map(([, each], index) => printed(written[index] ?? '', each));
          const [stdout, stderr] = (['stdout', 'stderr'] as const).map((part) =>
            prints.map((each) => each[part]).join(''),
          );
          const heard = spoilt(stdout ?? '', stderr ?? '', spoil, isOutput);
          talk.heard(heard.stdout, heard.stderr);
          talk.ended();
          const ends = await Promise.all(asked);
          ends.forEach((end, index) => {
            if (!(end instanceof Fault)) expect(end).to.deep.equal(exchanges[index]?.[1]);
            else expect(['controller-garbled', 'controller-unreachable']).to.include(end.code);
          });
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('never says of a change that it was not made, unless the controller has refused it', async () => {
    await fc.assert(
      fc.asyncProperty(message, said, spoiling, fc.boolean(), async (each, told, spoil, isOutput) => {
        const { talk, written } = converse();
        const asked = talk.exchange(each, 'change', signal).catch((fault: unknown) => fault);
        const { stdout, stderr } = printed(written[0] ?? '', told);
        const heard = spoilt(stdout, stderr, spoil, isOutput);
        talk.heard(heard.stdout, heard.stderr);
        talk.ended();
        const end = await asked;
        if (end instanceof Fault) expect(end.code).to.equal('outcome-unknown');
        else expect(end).to.deep.equal(told);
      }),
      { numRuns: 3000 },
    );
  });
});

import ssh2 from 'ssh2';
import type { ClientChannel } from 'ssh2';
import type { Socket } from 'node:net';
import { Fault } from '../../domain/fault.ts';
import type { FaultCode } from '../../domain/fault.ts';
import type { RemoteLimits, RemoteResult } from '../../ports/remote.ts';
import { connection, isChannelOpen, kill, leave, onExec } from './client.ts';
import type { Login } from './client.ts';
import { output } from './output.ts';
import type { Output } from './output.ts';
import { inOneLine, refusal } from './refusal.ts';
import type { Stage } from './refusal.ts';

export interface Task extends Login {
  /** Quoted. */
  readonly line: string;
  readonly limits: RemoteLimits;
}

type Exit = Pick<RemoteResult, 'exitCode' | 'signal' | 'durationMs'>;

/**
 * A host that was told to kill the command is given this long to say that it is gone. sshd kills the whole process
 * group, but nothing when the user is root ("session signalling requires privilege separation", OpenSSH 9.2).
 */
const killMs = 1000;
/** Of quiet after the exit status, when something the command left behind holds its output open. */
const restMs = 2000;
/** What a host may send that is no output, beside what carries the output: a packet with one byte of it has some 60. */
const noiseBytes = 4 * 1024 * 1024;
const noisePerByte = 128;
/** What may wait to be sent to a host that asks and does not read the answers. */
const unsentBytes = 1024 * 1024;

/**
 * Logs in over a fresh connection and runs one command, once. The socket is destroyed on every way out.
 * An abort, a lost connection and the end of the time mean `host-unreachable` until the command is sent, and
 * `outcome-unknown` from then on, unless the exit status has been seen: then the result stands, marked as truncated.
 */
export const runCommand = async (socket: Socket, task: Task, signal: AbortSignal): Promise<RemoteResult> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const { maxBytes, timeoutMs } = task.limits;
    const stdout = output(maxBytes);
    const stderr = output(maxBytes);
    let stage: Stage = 'handshake';
    let settled = false;
    let sent: { readonly channel: number; readonly at: number } | null = null;
    let exit: Exit | null = null;
    let stopping: string | null = null;
    let deadline = setTimeout(() => stop(`not let in within ${task.setupMs} ms`), task.setupMs);
    let silence: NodeJS.Timeout | undefined;
    let rest: NodeJS.Timeout | undefined;

    const settle = (): void => {
      settled = true;
      for (const timer of [deadline, silence, rest]) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      leave(client);
      // At once: ssh2 goes on with what it has read, and what it would send after this goes nowhere.
      socket.destroy();
    };
    const elapsed = (): number => (sent === null ? 0 : Math.round(performance.now() - sent.at));
    const finish = (how: Exit, complete: boolean): void => {
      const truncated = !complete || stdout.seen() > maxBytes || stderr.seen() > maxBytes;
      resolve({ ...how, stdout: stdout.bytes(), stderr: stderr.bytes(), truncated });
    };
    /** Nothing more will come. `code` holds as long as the command was not sent. */
    const over = (code: FaultCode, detail: string, cause?: unknown): void => {
      if (settled) return;
      const complete = sent !== null && !isChannelOpen(client);
      settle();
      if (exit !== null) {
        // What has come is still on its way through the streams.
        setImmediate(finish, exit, complete);
      } else if (sent === null) {
        reject(new Fault(code, detail, { cause }));
      } else {
        reject(new Fault('outcome-unknown', `${detail}, ${elapsed()} ms after the command was sent`, { cause }));
      }
    };
    const stop = (why: string, cause?: unknown): void => {
      if (stopping !== null) return;
      if (sent === null || exit !== null) {
        over('host-unreachable', why, cause);
        return;
      }
      stopping = why;
      kill(client, sent.channel);
      clearTimeout(deadline);
      const unanswered = `${why}; the host was told to kill it and did not answer`;
      deadline = setTimeout(() => over('outcome-unknown', unanswered, cause), killMs);
    };
    const onAbort = (): void => stop('stopped by the caller', signal.reason);

    const onClosed = (): void => {
      if (settled) return;
      if (exit === null) {
        over('outcome-unknown', stopping === null ? 'the host told no exit status' : `${stopping}; the host ended it`);
      } else {
        settle();
        finish(exit, true);
      }
    };
    const onExit = (code: number | null, name?: string): void => {
      if (stopping !== null) return;
      // 32 bits without a sign on the wire; with one they fit an `integer` of PostgreSQL. POSIX has 8.
      const exitCode = code === null ? null : code | 0;
      exit = { exitCode, signal: code === null ? signalName(name) : null, durationMs: elapsed() };
      rest = setTimeout(() => over('outcome-unknown', 'the output was not ended'), restMs);
    };
    const onChannel = (error: Error | undefined, channel: ClientChannel): void => {
      if (error) {
        // ssh2 gives one error for a refusal and for a channel that was closed without an answer.
        if (sent !== null && isChannelOpen(client)) sent = null;
        over('host-refused', inOneLine(error.message), error);
        return;
      }
      const take = (into: Output) => (chunk: Buffer) => {
        into.take(chunk);
        if (!settled) rest?.refresh();
      };
      channel.on('data', take(stdout)).on('error', ignore).on('exit', onExit);
      channel.stderr.on('data', take(stderr)).on('error', ignore);
      channel.on('close', () => {
        if (channel.stderr.readableEnded) onClosed();
        else channel.stderr.once('end', onClosed);
      });
      channel.end();
    };
    const onReady = (): void => {
      if (settled) return;
      stage = 'open';
      silence = setTimeout(() => over('host-unreachable', `silent for ${task.silenceMs} ms`), task.silenceMs);
      onExec(client, (channel) => {
        if (settled) return;
        sent = { channel, at: performance.now() };
        clearTimeout(deadline);
        deadline = setTimeout(() => stop(`no end within ${timeoutMs} ms`), timeoutMs);
      });
      client.exec(task.line, onChannel);
    };

    client
      .on('error', (error) => {
        const { code, detail } = refusal(error, stage);
        over(code, detail, error);
      })
      .on('handshake', () => {
        if (stage === 'handshake') stage = 'login';
      })
      .on('ready', onReady)
      .on('end', () => over('host-unreachable', 'the connection was closed'))
      .on('close', () => over('host-unreachable', 'the connection was lost'));
    signal.addEventListener('abort', onAbort);
    client.connect(connection(socket, task));
    // Stands before ssh2's own listener, which comes when its cipher is loaded.
    socket.on('data', () => {
      silence?.refresh();
      const noise = socket.bytesRead - (stdout.seen() + stderr.seen()) * noisePerByte;
      if (noise > noiseBytes) over('host-refused', 'the host sends what was not asked for');
      if (socket.writableLength > unsentBytes) over('host-refused', 'the host asks and does not read the answers');
    });
    if (signal.aborted) onAbort();
  });

const ignore = (): void => undefined;

const signalName = (name: string | undefined): string => {
  const bare = (name ?? '').replace(/^SIG/, '');
  return /^[\w@.-]{1,64}$/.test(bare) ? bare : 'UNKNOWN';
};

import { Fault } from '../../domain/fault.ts';
import type { Kind } from './failure.ts';
import type { Answer, Message } from './message.ts';
import { answerIn } from './said.ts';

/** What ipmitool printed about one message, and what speaks against it. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  /** As `failure.ts` has it. */
  readonly failure: Fault | null;
}

/**
 * The answer, or why there is none. Bytes are printed upon the BMC's answer alone, so nothing that went wrong afterwards
 * takes back what a change was answered; a read is made of an answer only when nothing speaks against it.
 */
export const verdictOn = ({ stdout, stderr, failure }: Said, message: Message, kind: Kind): Answer | Fault => {
  if (failure !== null && failure.code !== 'controller-refused' && (kind === 'read' || stdout === '')) return failure;
  try {
    return answerIn(message, stdout, stderr) ?? failure ?? nothingSaid(kind);
  } catch (error) {
    return failure ?? (kind === 'read' ? (error as Fault) : nothingSaid(kind)); // it throws nothing but a Fault
  }
};

const nothingSaid = (kind: Kind): Fault =>
  kind === 'read'
    ? new Fault('controller-garbled', 'ipmitool printed nothing')
    : new Fault('outcome-unknown', 'ipmitool did not confirm it');

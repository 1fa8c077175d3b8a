import { Fault } from './fault.ts';

/** Of the quoted line, in bytes: the shell gets it as one argument, and Linux takes no argument of 128 KiB (MAX_ARG_STRLEN). */
const maxBytes = 128 * 1024 - 1;

/**
 * The line that a POSIX shell splits into exactly these words, byte for byte. Each word is quoted, so that none is
 * taken for an alias, a reserved word or an assignment.
 * Faults: `invalid-input` for no words, for what no argument can hold, and for a line that is too long.
 */
export const shellQuote = (words: readonly string[]): string => {
  if (words.length === 0) throw new Fault('invalid-input', 'command: holds no words');
  const line = words.map(quoteWord).join(' ');
  const bytes = Buffer.byteLength(line);
  if (bytes > maxBytes) {
    throw new Fault('invalid-input', `command: ${bytes} bytes when quoted, more than ${maxBytes}`);
  }
  return line;
};

const quoteWord = (word: string, index: number): string => {
  if (word.includes('\0')) throw new Fault('invalid-input', `command[${index}]: holds a NUL`);
  if (/\p{Surrogate}/u.test(word)) throw new Fault('invalid-input', `command[${index}]: holds half a surrogate pair`);
  return `'${word.replaceAll("'", `'\\''`)}'`;
};

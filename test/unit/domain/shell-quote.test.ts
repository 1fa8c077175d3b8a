import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../src/domain/fault.ts';
import { shellQuote } from '../../../src/domain/shell-quote.ts';

const faultOf = (words: readonly string[]): Fault => {
  try {
    shellQuote(words);
  } catch (error) {
    if (error instanceof Fault) return error;
  }
  throw new Error('quoted it');
};

describe('shellQuote', () => {
  const table: readonly (readonly [string, readonly string[], string])[] = [
    ['quotes a plain word too, so that it is no alias, keyword or assignment', ['if', 'A=b'], `'if' 'A=b'`],
    ['keeps an empty word', ['printf', ''], `'printf' ''`],
    ['writes a single quote outside the quotes', [`it's`], `'it'\\''s'`],
    ['leaves what a shell would expand as it is', ['$HOME `id` "x" \\ !! ~ *'], `'$HOME \`id\` "x" \\ !! ~ *'`],
    ['keeps newlines and dashes', ['-e', 'a\nb'], `'-e' 'a\nb'`],
  ];
  for (const [title, words, line] of table) {
    it(title, () => {
      expect(shellQuote(words)).to.equal(line);
    });
  }

  for (const shell of ['dash', 'bash']) {
    it(`is split back into the same words by ${shell}`, () => {
      const word = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '�'));
      const nasty = fc.string({ unit: fc.constantFrom(`'`, '"', '\\', '$', '`', '\n', '-', ' ', '!'), maxLength: 12 });
      fc.assert(
        fc.property(fc.array(fc.oneof(word, nasty), { minLength: 1, maxLength: 6 }), (words) => {
          const said = execFileSync(shell, ['-c', shellQuote(['printf', '%s\\0', ...words])], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          expect(said).to.deep.equal(Buffer.from(words.map((each) => `${each}\0`).join('')));
        }),
        { numRuns: 60 },
      );
    });
  }

  it('names the word that holds a NUL', () => {
    expect(faultOf(['echo', 'a\0b'])).to.include({ code: 'invalid-input', detail: 'command[1]: holds a NUL' });
  });

  it('refuses half a surrogate pair, which has no bytes', () => {
    expect(faultOf(['\ud83d'])).to.include({ code: 'invalid-input' });
    expect(shellQuote(['\u{1f600}'])).to.equal(`'\u{1f600}'`);
  });

  it('refuses no words', () => {
    expect(faultOf([])).to.include({ code: 'invalid-input', detail: 'command: holds no words' });
  });

  it('takes a line of one byte less than Linux refuses as an argument, counted in bytes', () => {
    expect(shellQuote(['x'.repeat(131_069)])).to.have.length(131_071);
    expect(faultOf(['x'.repeat(131_070)]).code).to.equal('invalid-input');
    expect(faultOf(['é'.repeat(65_535)]).code).to.equal('invalid-input');
  });
});

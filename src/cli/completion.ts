import { Argument, type Command } from 'commander';
import { command, type Context } from './context.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export const completionCommand = (context: Context, program: () => Command): Command =>
  command('completion', 'Print what makes a shell complete the words of igor')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      '\nbash: source <(igor completion bash)\nzsh:  source <(igor completion zsh)\nfish: igor completion fish | source',
    )
    .action((shell: Shell) => {
      context.screen.line(completion(program(), shell));
      context.end(0);
    });

/** A script that stands alone: it completes without starting igor. */
const completion = (program: Command, shell: Shell): string => {
  const places = placesOf(program, '', optionsOf(program));
  if (shell === 'fish') return fish(places);
  return shell === 'bash' ? bash(places) : `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;
};

/** What may follow at one place of the tree. */
interface Place {
  /** `igor`'s words that lead there: `api power`. */
  readonly path: string;
  readonly words: readonly string[];
  readonly options: readonly Choice[];
}
interface Choice {
  readonly flag: string;
  readonly takesValue: boolean;
  readonly values: readonly string[];
}

const placesOf = (at: Command, path: string, inherited: readonly Choice[]): readonly Place[] => {
  const words = [
    ...at.commands.map((child) => child.name()),
    ...(at.commands.length > 0 ? ['help'] : []),
    ...at.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  ];
  const own = path === '' ? [] : optionsOf(at);
  const children = at.commands.flatMap((child) => placesOf(child, `${path} ${child.name()}`.trim(), inherited));
  return [{ path, words, options: [...own, ...inherited] }, ...children];
};

const optionsOf = (at: Command): readonly Choice[] => [
  ...at.options.flatMap(({ short, long, argChoices = [], required, optional }) =>
    [short, long].flatMap((flag) =>
      flag === undefined ? [] : [{ flag, takesValue: required || optional, values: argChoices }],
    ),
  ),
];

/** Names of commands and flags hold no character that a shell would take for its own. */
const bash = (places: readonly Place[]): string => {
  const arms = places.map(({ path, words, options }) => {
    const valued = options.filter(({ takesValue }) => takesValue);
    const choices = valued.filter(({ values }) => values.length > 0);
    return [
      `    '${path}')`,
      `      words='${[...words, ...options.map(({ flag }) => flag), '--help'].join(' ')}'`,
      `      valued=' ${valued.map(({ flag }) => flag).join(' ')} '`,
      ...(choices.length === 0
        ? []
        : [
            '      case "$previous" in',
            ...choices.map(({ flag, values }) => `        ${flag}) words='${values.join(' ')}'; valued= ;;`),
            '      esac',
          ]),
      '      ;;',
    ].join('\n');
  });
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `_igor() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path= word words= valued= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${path:+$path }$word" in
      ${known.join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${arms.join('\n')}
  esac
  case "$valued" in
    *" $previous "*) COMPREPLY=(); return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _igor igor`;
};

const fish = (places: readonly Place[]): string => {
  const lines = places.flatMap(({ path, words, options }) => {
    const here = `-n '__igor_at "${path}"'`;
    return [
      ...(words.length === 0 ? [] : [`complete -c igor -f ${here} -a '${words.join(' ')}'`]),
      ...options.map(({ flag, takesValue, values }) => {
        const spelling = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        return `complete -c igor ${here} ${spelling}${takesValue ? ' -x' : ''}${values.length > 0 ? ` -a '${values.join(' ')}'` : ''}`;
      }),
    ];
  });
  const known = places.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  return `function __igor_at
  set -l path
  for word in (commandline -opc)[2..]
    if contains -- (string join -- ' ' $path $word) ${known.join(' ')}
      set path $path $word
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}`;
};

/** Cuts a stream of text into lines. `false` when a line is longer than allowed: the stream cannot be made sense of. */
export const lines = (most: number, hear: (line: string) => void): ((chunk: string) => boolean) => {
  let rest = '';
  return (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) hear(part);
    return rest.length <= most;
  };
};

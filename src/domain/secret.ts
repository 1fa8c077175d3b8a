import { inspect } from 'node:util';

const shown = '[secret]';

/** A value that prints as `[secret]` in JSON, templates and `inspect`; read only by `reveal()`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { Fault } from '../domain/fault.ts';
import { framed } from '../domain/framed.ts';
import { newKey, readKeyring, replaceKeyring, writeKeyring } from './keyring-file.ts';

/** Where a sealed value lies; it opens nowhere else. */
export interface SealContext {
  readonly table: string;
  readonly row: string;
  readonly column: string;
}

/**
 * Seals values for the database: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, bound to their place by the additional
 * authenticated data. At 2³² values a key the nonces stay safe (§8.3). Sealed text is `igor1:<key id>:<nonce>:<tag>:<data>`.
 */
export interface Keyring {
  readonly activeId: string;
  seal(plain: Buffer | string, context: SealContext): string;
  /** Faults: `internal` for another place, a changed byte, a key that is not here; none tells a secret. */
  open(sealed: string, context: SealContext): Buffer;
  /** The id of the key that a value was sealed with. Faults: `internal` for what is no sealed value. */
  keyOf(sealed: string): string;
  /**
   * HMAC-SHA256 under a key derived from one here (HKDF, RFC 5869) for this purpose alone.
   * Faults: `internal` for a key that is not here.
   */
  sign(keyId: string, purpose: string, data: Buffer): Buffer;
  /** Every key that it holds. */
  readonly ids: readonly string[];
  has(id: string): boolean;
}

/** Faults: `internal`, when the file is missing, open to others, or not a keyring. */
export const loadKeyring = async (path: string): Promise<Keyring> => {
  const { active, keys } = await readKeyring(path);
  const byId = new Map(keys.map(({ id, key }) => [id, createSecretKey(key, 'base64')]));
  return keyringOf(active, byId);
};

/** Writes a keyring of one new key, readable by its owner alone. Faults: `conflict` when the file is there. */
export const makeKeyring = async (path: string): Promise<void> => {
  const key = newKey();
  await writeKeyring(path, { active: key.id, keys: [key] });
};

/** Adds a key, with which all is sealed from now on; the id. The older ones still open what they sealed. */
export const addKey = async (path: string): Promise<string> => {
  const key = newKey();
  await replaceKeyring(path, ({ keys }) => ({ active: key.id, keys: [...keys, key] }));
  return key.id;
};

const version = 'igor1';
const cipher = 'aes-256-gcm';
const tagBytes = 16;

const keyringOf = (activeId: string, keys: ReadonlyMap<string, KeyObject>): Keyring => {
  const keyFor = (id: string): KeyObject => {
    const key = keys.get(id);
    if (key === undefined) throw new Fault('internal', `the keyring has no key "${id}"`);
    return key;
  };

  return {
    activeId,
    seal(plain, context) {
      const nonce = randomBytes(12);
      const sealing = createCipheriv(cipher, keyFor(activeId), nonce, { authTagLength: tagBytes });
      sealing.setAAD(encoded(context));
      const data = Buffer.concat([sealing.update(plain), sealing.final()]);
      return [version, activeId, ...[nonce, sealing.getAuthTag(), data].map((part) => part.toString('base64url'))].join(
        ':',
      );
    },
    open(sealed, context) {
      const { id, nonce, tag, data } = parts(sealed);
      const opening = createDecipheriv(cipher, keyFor(id), nonce, { authTagLength: tagBytes });
      opening.setAAD(encoded(context));
      opening.setAuthTag(tag);
      try {
        return Buffer.concat([opening.update(data), opening.final()]);
      } catch {
        throw new Fault(
          'internal',
          `the value in ${context.table}.${context.column} of row ${context.row} does not open with key "${id}"`,
        );
      }
    },
    sign(keyId, purpose, data) {
      const key = hkdfSync('sha256', keyFor(keyId), Buffer.alloc(0), purpose, 32);
      return createHmac('sha256', Buffer.from(key)).update(data).digest();
    },
    keyOf: (sealed) => parts(sealed).id,
    ids: [...keys.keys()],
    has: (id) => keys.has(id),
  };
};

const encoded = ({ table, row, column }: SealContext): Buffer => framed([version, table, row, column]);

const parts = (
  sealed: string,
): { readonly id: string; readonly nonce: Buffer; readonly tag: Buffer; readonly data: Buffer } => {
  const [, id, ...rest] = /^igor1:([\w.-]+):([\w-]{16}):([\w-]{22}):([\w-]*)$/.exec(sealed) ?? [];
  const [nonce, tag, data] = rest.map((text) => Buffer.from(text, 'base64url'));
  const spelt = [nonce, tag, data].map((part) => part?.toString('base64url')).join(':');
  // A changed last character may decode to the same bytes; what was stored is then still not what was sealed.
  if (id === undefined || nonce === undefined || tag === undefined || data === undefined || spelt !== rest.join(':')) {
    throw new Fault('internal', 'this is no sealed value');
  }
  return { id, nonce, tag, data };
};

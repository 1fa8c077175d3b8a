import { createHmac } from 'node:crypto';
import type { Keys } from './packet.ts';
import type { Suite } from './suites.ts';

/** All that the key exchange is computed from (IPMI 2.0 §13.31, §13.32). */
export interface Exchange {
  readonly suite: Suite;
  readonly consoleId: number;
  readonly bmcId: number;
  readonly consoleRandom: Buffer;
  readonly bmcRandom: Buffer;
  readonly guid: Buffer;
  /** As RAKP 1 gave it: the privilege wanted, and how the name is looked up. */
  readonly role: number;
  readonly name: Buffer;
  readonly password: string;
}

export interface Codes {
  /** Proves to the console that the BMC knows the password. */
  readonly rakp2: Buffer;
  /** What a console that knows the password sends. */
  readonly rakp3: Buffer;
  readonly rakp4: Buffer;
  readonly keys: Keys;
}

/** A BMC without a key of its own (Kg) takes the user's for it. */
export const keyExchange = (exchange: Exchange): Codes => {
  const { suite, consoleRandom, bmcRandom, guid } = exchange;
  const hmac = (key: Buffer, ...parts: readonly Buffer[]): Buffer => {
    const hash = createHmac(suite.hash, key);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const userKey = Buffer.alloc(20);
  userKey.write(exchange.password, 'utf8');
  const consoleId = le32(exchange.consoleId);
  const bmcId = le32(exchange.bmcId);
  const who = Buffer.concat([Buffer.from([exchange.role, exchange.name.length]), exchange.name]);
  const sessionKey = hmac(userKey, consoleRandom, bmcRandom, who);
  return {
    rakp2: hmac(userKey, consoleId, bmcId, consoleRandom, bmcRandom, guid, who),
    rakp3: hmac(userKey, bmcRandom, consoleId, who),
    rakp4: hmac(sessionKey, consoleRandom, bmcId, guid).subarray(0, suite.macBytes),
    keys: {
      suite,
      integrity: hmac(sessionKey, Buffer.alloc(20, 0x01)),
      confidentiality: hmac(sessionKey, Buffer.alloc(20, 0x02)).subarray(0, 16),
    },
  };
};

/** As RMCP+ writes session ids. */
export const le32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

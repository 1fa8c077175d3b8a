/** RMCP and the ASF presence ping (ASF 2.0 §3.2). */

/** Version 1, no acknowledgement wanted (sequence FFh), class IPMI (IPMI 2.0 table 13-8). */
export const rmcpHeader = Buffer.from([0x06, 0x00, 0xff, 0x07]);

export type RmcpClass = 'asf' | 'ipmi' | 'other';

const asfEnterprise = 4542;
const presencePing = 0x80;
const presencePong = 0x40;

export const rmcpClass = (datagram: Buffer): RmcpClass => {
  if (datagram.length < 5 || datagram[0] !== 0x06) return 'other';
  if (datagram[3] === 0x06) return 'asf';
  return datagram[3] === 0x07 ? 'ipmi' : 'other';
};

/** The pong to a presence ping; null for any other ASF message. */
export const pong = (datagram: Buffer): Buffer | null => {
  if (datagram.length < 12 || datagram.readUInt32BE(4) !== asfEnterprise || datagram[8] !== presencePing) return null;
  const answer = Buffer.alloc(28);
  answer.set([0x06, 0x00, 0xff, 0x06]);
  answer.writeUInt32BE(asfEnterprise, 4);
  answer[8] = presencePong;
  answer[9] = datagram.readUInt8(9);
  answer[11] = 16;
  answer.writeUInt32BE(asfEnterprise, 12);
  answer[20] = 0x81; // IPMI supported, ASF 1.0
  return answer;
};

/** The cipher suites that a BMC of today should offer (IPMI 2.0 table 22-20); both encrypt with AES-CBC-128. */
export const cipherSuites = {
  3: { authentication: 1, integrity: 1, confidentiality: 1, hash: 'sha1', macBytes: 12 },
  17: { authentication: 3, integrity: 4, confidentiality: 1, hash: 'sha256', macBytes: 16 },
} as const;

export type SuiteId = keyof typeof cipherSuites;
export type Suite = (typeof cipherSuites)[SuiteId];

/** The algorithms that an Open Session Request proposes. */
export interface Proposal {
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

/** The suite proposed, or the status code that says what was wrong with it (IPMI 2.0 table 13-15). */
export const chooseSuite = (offered: readonly SuiteId[], proposal: Proposal): Suite | number => {
  const suites = offered.map((id) => cipherSuites[id]);
  const sameAuthentication = suites.filter((suite) => suite.authentication === proposal.authentication);
  if (sameAuthentication.length === 0) return 0x04;
  const sameIntegrity = sameAuthentication.filter((suite) => suite.integrity === proposal.integrity);
  if (sameIntegrity.length === 0) return 0x05;
  return sameIntegrity.find((suite) => suite.confidentiality === proposal.confidentiality) ?? 0x10;
};

/** The records of Get Channel Cipher Suites, one after another (IPMI 2.0 table 22-18). */
export const suiteRecords = (offered: readonly SuiteId[]): Buffer =>
  Buffer.from(
    offered.flatMap((id) => {
      const { authentication, integrity, confidentiality } = cipherSuites[id];
      return [0xc0, id, authentication, 0x40 | integrity, 0x80 | confidentiality];
    }),
  );

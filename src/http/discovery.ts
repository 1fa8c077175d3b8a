/** The one version of the interface, as keystoneauth and openstacksdk discover it. */
export const microversions = { min: '1.0', max: '1.0' } as const;

const updated = '2026-11-20T00:00:00Z';

const version = (href: (path: string) => string): object => ({
  id: 'v1.0',
  status: 'CURRENT',
  min_version: microversions.min,
  max_version: microversions.max,
  version: microversions.max,
  updated,
  links: [
    { rel: 'self', href: href('/v1/') },
    { rel: 'collection', href: href('/') },
  ],
});

export const versionsDocument = (href: (path: string) => string): object => ({ versions: [version(href)] });
export const versionDocument = (href: (path: string) => string): object => ({ version: version(href) });

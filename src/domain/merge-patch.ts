/** A JSON document after a merge patch (RFC 7396): null removes a member, an object goes into an object, all else replaces. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch;
  const kept = isObject(target) ? target : {};
  const members = Object.keys({ ...kept, ...patch }).flatMap((key): [string, unknown][] => {
    if (!Object.hasOwn(patch, key)) return [[key, kept[key]]];
    const change = patch[key];
    return change === null ? [] : [[key, mergePatch(Object.hasOwn(kept, key) ? kept[key] : undefined, change)]];
  });
  return Object.fromEntries(members);
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How long ago an instant was: `12 s ago`, `3 h ago`; `never`. */
export const ageOf = (instant: string | null, now: number): string => {
  const seconds = instant === null ? NaN : Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (Number.isNaN(seconds)) return 'never';
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h ago` : `${Math.round(seconds / 86_400)} d ago`;
};

import { faults } from '../domain/fault.ts';

/** Where the `help` link of an error leads: every code with its meaning, a page without scripts. */
export const faultsPage = (): string => {
  const rows = Object.entries(faults).map(
    ([code, { status, title, repeat }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td><td>${repeat ? 'yes' : 'no'}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Igor: faults</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}:target{background:#ffd}</style>
<h1>Faults</h1><p>Every failure that Igor answers with, and whether the same request may be sent again as it is.</p>
<table><tr><th>code<th>status<th>meaning<th>repeat?</tr>${rows.join('')}</table></html>`;
};

import type { Generator } from './generator.ts'

/** Differences between docs/clients.md and the check: missing rows, extra rows, other versions. */
export function undocumented(
  page: string,
  generators: readonly Pick<Generator, 'name' | 'version' | 'language'>[],
): string[] {
  const rows = new Map(
    [...page.matchAll(/^\| *`([^`]+)` *\| *([^|]*?) *\| *([^|]*?) *\|/gm)].map(([, name = '', language, version]) => [
      name,
      { language, version },
    ]),
  )
  const wrong = generators.flatMap(({ name, language, version }) => {
    const row = rows.get(name)
    if (row === undefined) return [`docs/clients.md has no row for ${name}`]
    const said = `${row.language} ${row.version}`
    return said === `${language} ${version}`
      ? []
      : [`docs/clients.md says ${name} is "${said}"; checked is "${language} ${version}"`]
  })
  const known = new Set(generators.map(({ name }) => name))
  return [
    ...wrong,
    ...[...rows.keys()]
      .filter((name) => !known.has(name))
      .map((name) => `docs/clients.md names ${name}, which is not checked`),
  ]
}

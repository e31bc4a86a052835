import { settings } from './settings.ts'

const INDENT = 4 + Math.max(...settings.map(({ name }) => name.length))

/** The text of `npm start -- --help`. */
export function helpText(version: string): string {
  const lines = settings.flatMap(({ name, fallback, reader, help }) => [
    `  ${name}`.padEnd(INDENT) + help,
    `${' '.repeat(INDENT)}Value: ${reader.accepts}${fallback === '' ? '' : ` [${fallback}]`}`,
  ])
  return [
    `notes-api ${version}: a self-hosted notes API.`,
    '',
    'Usage: npm start [-- --help | --version]',
    '',
    'Settings with their [defaults], from the environment or a .env file; the environment wins:',
    ...lines,
    '',
  ].join('\n')
}

import { readContract } from './contract.js'
import { init } from './redoc.js'

// Redoc shows only the languages it is given, and TypeScript is not one of its defaults: so we list them all.
const contract = await readContract()
const operations = Object.values(contract.paths).flatMap((path) => Object.values(path))
const samples = operations.flatMap((operation) => operation['x-codeSamples'] ?? [])
const languages = [...new Map(samples.map(({ lang, label }) => [label, { lang, label }])).values()]

// disableTelemetry: this server reports nothing to third parties, and the page's policy would block it anyway.
init(
  contract,
  { disableTelemetry: true, codeSamples: { languages: [...languages, { lang: 'payload', label: 'Payload' }] } },
  document.querySelector('#redoc'),
)

import { init } from './redoc.js'

const address = '/openapi.json'

// Redoc shows the languages that it is told of, and TypeScript is none of its own: so it is told what there is.
const contract = await (await fetch(address)).json()
const operations = Object.values(contract.paths).flatMap((path) => Object.values(path))
const samples = operations.flatMap((operation) => operation['x-codeSamples'] ?? [])
const languages = [...new Map(samples.map(({ lang, label }) => [label, { lang, label }])).values()]

// Also disableTelemetry: this server reports to nobody, and the page's policy would stop it from trying.
init(
  address,
  { disableTelemetry: true, codeSamples: { languages: [...languages, { lang: 'payload', label: 'Payload' }] } },
  document.querySelector('#redoc'),
)

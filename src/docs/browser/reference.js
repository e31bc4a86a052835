import { init } from './redoc.js'

// Also disableTelemetry: this server reports to nobody, and the page's policy would stop it from trying.
init('/openapi.json', { disableTelemetry: true }, document.querySelector('#redoc'))

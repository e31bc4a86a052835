import { FORM, formOf, layOut, type SampleRequest, type Style, urlOf } from './request.ts'

const STYLE: Style = {
  leaf: (value) => JSON.stringify(value),
  key: (name) => JSON.stringify(name),
  indent: '  ',
  pad: ' ',
  comma: '',
}

/** For bash, with the token in `$TOKEN`. */
export function curlSample(request: SampleRequest): string {
  const { body, method, answers } = request
  // Leave out the method that curl would choose anyway.
  const options = method === (body === undefined ? 'GET' : 'POST') ? '' : `-X ${method} `
  const unbuffered = answers === 'events' ? '-N ' : ''
  const headers = Object.entries(request.headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`)
  return [
    `curl ${unbuffered}${options}${quote(urlOf(request))}`,
    // In double quotes, so that the shell fills in the token.
    ...(request.needsToken ? ['-H "Authorization: Bearer $TOKEN"'] : []),
    ...headers,
    ...(body === undefined ? [] : data(body)),
  ].join(' \\\n  ')
}

function data({ mediaType, value }: NonNullable<SampleRequest['body']>): string[] {
  if (mediaType === FORM) return formOf(value).map(([name, text]) => `--data-urlencode ${quote(`${name}=${text}`)}`)
  const json = layOut(value, STYLE).replaceAll('\n', '\n  ')
  return [`-H ${quote(`Content-Type: ${mediaType}`)}`, `-d ${quote(json)}`]
}

/** In single quotes bash takes everything literally, except the quote itself. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

// Below docs/assets/<version>/ of the server, which may itself be below a path that a proxy takes off.
const root = new URL('../../../', import.meta.url).href

// No character of it may mean anything in Markdown or to a shell, because it is put into both.
const here = root.slice(0, -1).replaceAll(/[^\w.~%/:[\]-]/g, (one) => `%${one.codePointAt(0).toString(16)}`)

// The samples, and the links to pages of this server.
const relocated = (value) => {
  if (typeof value === 'string') return value.replaceAll('http://localhost:8000', here).replaceAll('](/', `](${here}/`)
  if (Array.isArray(value)) return value.map(relocated)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, relocated(member)]))
}

// The contract with the address of this page: requests go where the page came from, by whatever address that was.
export const readContract = async () => {
  const contract = relocated(await (await fetch(`${root}openapi.json`)).json())
  const stated = contract.servers[0].url.replace(/\/$/, '')
  contract.servers = [{ ...contract.servers[0], url: here }]
  for (const { flows = {} } of Object.values(contract.components.securitySchemes)) {
    for (const flow of Object.values(flows)) {
      for (const name of ['tokenUrl', 'refreshUrl']) {
        if (flow[name] !== undefined) flow[name] = here + flow[name].slice(stated.length)
      }
    }
  }
  return contract
}

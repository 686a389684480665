// openapi/asyncapi.yaml is a valid AsyncAPI document, by the project that writes the standard. Prints TAP.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const root = new URL('../../', import.meta.url)
const { Parser } = createRequire(new URL('tools/npm/package.json', root))('@asyncapi/parser')

// What the parser says of a document: errors, and warnings but those below.
const ALLOWED = new Set([
  'asyncapi-latest-version', // 3.0.0 is the version that integrators' tools read
])
const SEVERITY = ['error', 'warning', 'information', 'hint']

const text = await readFile(new URL('openapi/asyncapi.yaml', root), 'utf8')
const { document, diagnostics } = await new Parser().parse(text)
const wrong = diagnostics.filter((d) => d.severity <= 1 && !ALLOWED.has(d.code))

const results = [
  ['the AsyncAPI document is valid, without a warning',
    wrong.map((d) => `${SEVERITY[d.severity]} ${d.code} line ${d.range.start.line + 1}: ${d.message}`)],
  ['each operation stands once for who sends and once for who receives', document ? unpaired(document) : ['not parsed']],
]

function unpaired(document) {
  const seen = new Map()
  for (const operation of document.operations().all()) {
    const channel = operation.channels().all()[0].id()
    seen.set(channel, (seen.get(channel) ?? '') + (operation.isSend() ? 's' : 'r'))
  }
  return document.channels().all().map((c) => c.id()).filter((id) => !['sr', 'rs'].includes(seen.get(id)))
}

console.log(`1..${results.length}`)
results.forEach(([sentence, lines], i) => {
  console.log(`${lines.length ? 'not ok' : 'ok'} ${i + 1} - ${sentence}`)
  lines.forEach((line) => console.log(`# ${line}`))
})
process.exitCode = results.some(([, lines]) => lines.length) ? 1 : 0

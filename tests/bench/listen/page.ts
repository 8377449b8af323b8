// The page of a listening test: one file that needs no network, opened from the disk. Every sample with a scale, and a button that
// hands over the ratings as a file. Pure.
import { MAX_MARK, MIN_MARK, type Shown } from './sheet.ts'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

export function pageOf(shown: readonly Shown[], test: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Listening test</title>
<style>${STYLE}</style>
<main data-test="${escaped(test)}">
<h1>Listening test</h1>
<p>How natural does each voice sound, from ${MIN_MARK} (not at all) to ${MAX_MARK} (like a person)? Use headphones; listen as often as you like.</p>
<ol>
${shown.map(sampleOf).join('\n')}
</ol>
<p><button type="button" disabled>Keep the ratings</button> <output>0 of ${shown.length} rated</output></p>
</main>
<script>${SCRIPT}</script>
</html>
`
}

function sampleOf({ number, text, wav }: Shown): string {
  const marks = Array.from({ length: MAX_MARK - MIN_MARK + 1 }, (_, at) => MIN_MARK + at)
  const scale = marks
    .map((mark) => `<label><input type="radio" name="${number}" value="${mark}">${mark}</label>`)
    .join('')
  return `<li><p>${escaped(text)}</p><audio controls preload="none" src="data:audio/wav;base64,${base64(wav)}"></audio>
<fieldset><legend>Sample ${number}</legend>${scale}</fieldset></li>`
}

const STYLE = `
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
li { margin: 1.5rem 0; } fieldset { border: 0; padding: 0; } label { margin-right: .75rem; } audio { width: 100%; }
`

const SCRIPT = `
const main = document.querySelector('main'), button = document.querySelector('button'), count = document.querySelector('output')
const total = document.querySelectorAll('li').length
const marks = () => Object.fromEntries([...document.querySelectorAll('input:checked')].map((one) => [one.name, Number(one.value)]))
main.addEventListener('change', () => {
  const rated = Object.keys(marks()).length
  count.textContent = rated + ' of ' + total + ' rated'
  button.disabled = rated < total
})
button.addEventListener('click', () => {
  const text = JSON.stringify({ test: main.dataset.test, marks: marks() })
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  link.download = 'ratings-' + main.dataset.test + '.json'
  link.click()
})
`

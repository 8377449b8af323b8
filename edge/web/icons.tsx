// The drawings of the page, as inline SVG in the colour of the text. Screen readers skip them: the labels speak.
const STROKE = {
  viewBox: '0 0 24 24',
  fill: 'none',
  stroke: 'currentColor',
  'stroke-width': 2,
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
  'aria-hidden': true,
} as const

export function Logo() {
  return (
    <svg class='logo' viewBox='0 0 32 32' aria-hidden='true'>
      <rect width='32' height='32' rx='9' fill='var(--accent)' />
      <path d='M8 14v4M13 10v12M18 7v18M23 12v8' stroke='var(--accent-ink)' stroke-width='3' stroke-linecap='round' />
    </svg>
  )
}

export function MicrophoneIcon() {
  return (
    <svg {...STROKE}>
      <rect x='9' y='3' width='6' height='11' rx='3' fill='currentColor' />
      <path d='M5 11a7 7 0 0 0 14 0M12 18v3' />
    </svg>
  )
}

/** Moves with the voice: CSS scales the bars by --level. */
export function Bars() {
  return (
    <span class='bars' aria-hidden='true'>
      <i />
      <i />
      <i />
      <i />
    </span>
  )
}

export function StopIcon() {
  return (
    <svg {...STROKE}>
      <rect x='7' y='7' width='10' height='10' rx='2' fill='currentColor' />
    </svg>
  )
}

export function NewIcon() {
  return (
    <svg {...STROKE}>
      <path d='M12 5v14M5 12h14' />
    </svg>
  )
}

export function SendIcon() {
  return (
    <svg {...STROKE}>
      <path d='M12 19V5M6 11l6-6 6 6' />
    </svg>
  )
}

export function CloseIcon() {
  return (
    <svg {...STROKE}>
      <path d='M6 6l12 12M18 6L6 18' />
    </svg>
  )
}

export function SettingsIcon() {
  return (
    <svg {...STROKE}>
      <path d='M4 7h9M19 7h1M4 17h1M11 17h9' />
      <circle cx='16' cy='7' r='2.5' />
      <circle cx='8' cy='17' r='2.5' />
    </svg>
  )
}

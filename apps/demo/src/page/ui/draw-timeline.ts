import { type Column, lanes, type Mark, marks } from '../activity/timeline.ts'

/** Height of a lane, in CSS pixels. */
const laneHeight = 34
/** Width of the narrowest thing that is drawn, in CSS pixels. */
export const columnWidth = 7

interface Scene {
  readonly columns: readonly Column[]
  readonly from: number
  readonly to: number
  /** Where the cursor stands. */
  readonly at: number | undefined
}

/** Draws the lanes. Traffic is a bar whose height grows with its logarithm; what is rare stands on it as a sign. */
export function drawTimeline(canvas: HTMLCanvasElement, { columns, from, to, at }: Scene): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const { clientWidth: width, clientHeight: height } = canvas
  const scale = devicePixelRatio
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale)
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale)
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const style = getComputedStyle(canvas)
  const color = (name: string): string => style.getPropertyValue(`--${name}`)
  const x = (time: number): number => ((time - from) / (to - from)) * width

  context.fillStyle = color('line')
  for (let row = 1; row <= lanes.length; row++) context.fillRect(0, row * laneHeight - 1, width, 1)
  for (const column of columns) {
    for (const [row, lane] of lanes.entries()) {
      const counts = column.lanes[lane]
      if (counts === undefined) continue
      const left = x(column.from)
      const base = (row + 1) * laneHeight - 1
      const breadth = Math.max(2, x(column.to) - left - 1)
      if (counts.traffic !== undefined) {
        const rise = Math.min(1, 0.25 + Math.log10(counts.traffic) / 4) * (laneHeight - 8)
        context.fillStyle = color('traffic')
        context.fillRect(left, base - rise, breadth, rise)
      }
      const mark = marks.findLast((one) => one !== 'traffic' && counts[one] !== undefined)
      if (mark !== undefined) drawSign(context, mark, left + breadth / 2, base - laneHeight / 2, color)
    }
  }
  if (at === undefined) return
  context.fillStyle = color('ink')
  context.fillRect(x(at), 0, 2, height)
}

/** Each sign has a shape of its own: color is for those who see it. */
export function drawSign(
  context: CanvasRenderingContext2D,
  mark: Mark,
  x: number,
  y: number,
  color: (name: string) => string,
): void {
  const { shape, tone } = signs[mark]
  context.fillStyle = context.strokeStyle = color(tone)
  context.lineWidth = 2.5
  context.beginPath()
  shape(context, x, y)
}

type Shape = (context: CanvasRenderingContext2D, x: number, y: number) => void

const polygon =
  (...points: readonly (readonly [number, number])[]): Shape =>
  (context, x, y) => {
    for (const [right, down] of points) context.lineTo(x + right, y + down)
    context.closePath()
    context.fill()
  }
const dot: Shape = (context, x, y) => {
  context.arc(x, y, 4.5, 0, 7)
  context.fill()
}
const ring: Shape = (context, x, y) => {
  context.arc(x, y, 4.5, 0, 7)
  context.stroke()
}
const cross: Shape = (context, x, y) => {
  for (const side of [-5, 5]) {
    context.moveTo(x - side, y - 5)
    context.lineTo(x + side, y + 5)
  }
  context.stroke()
}

const signs: Readonly<Record<Mark, { readonly shape: Shape; readonly tone: string }>> = {
  traffic: { shape: polygon([-4, -4], [4, -4], [4, 6], [-4, 6]), tone: 'traffic' },
  other: { shape: polygon([-1.5, -5], [1.5, -5], [1.5, 5], [-1.5, 5]), tone: 'quiet' },
  'sign-in or sign-out': { shape: polygon([-5, -5], [5, 0], [-5, 5]), tone: 'ink' },
  'other tab': { shape: polygon([-4, -4], [4, -4], [4, 4], [-4, 4]), tone: 'quiet' },
  'lock wait': { shape: ring, tone: 'quiet' },
  replay: { shape: dot, tone: 'note' },
  reconnect: { shape: polygon([0, -6], [6, 0], [0, 6], [-6, 0]), tone: 'note' },
  refresh: { shape: polygon([-2.5, -11], [2.5, -11], [2.5, 11], [-2.5, 11]), tone: 'accent' },
  denied: { shape: polygon([-6, -2], [6, -2], [6, 2], [-6, 2]), tone: 'note' },
  refused: { shape: polygon([-6, -5], [6, -5], [0, 6]), tone: 'note' },
  failed: { shape: cross, tone: 'bad' },
}

/// The look of the report, light and dark as the reader's system has it.
enum ReportStyle {
  static let css = """
    :root { color-scheme: light dark; --page: #fdfdfc; --card: #ffffff; --ink: #1b1b1f; --soft: #63636b;
      --rule: #e3e3e0; --grid: #ececea; --best: #e9f3ec; --front: #b9b9b4; }
    .c0 { --line: #2160c4; } .c1 { --line: #c2500a; } .c2 { --line: #14794f; } .c3 { --line: #9b3aa6; }
    .c4 { --line: #8a6a00; } .c5 { --line: #0b8193; } .c6 { --line: #b8264f; } .c7 { --line: #55555c; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #141417; --card: #1b1b1f; --ink: #ececef; --soft: #a0a0a8; --rule: #34343a; --grid: #2a2a2f;
        --best: #1d3226; --front: #6a6a70; }
      .c0 { --line: #79a8ff; } .c1 { --line: #ff9a57; } .c2 { --line: #55c795; } .c3 { --line: #d68ae0; }
      .c4 { --line: #d9b84a; } .c5 { --line: #4fc5d8; } .c6 { --line: #ff7fa0; } .c7 { --line: #b9b9c0; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI",
      Roboto, "Noto Sans", "Liberation Sans", sans-serif; font-variant-numeric: tabular-nums; }
    main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 64px; }
    h1 { font-size: 15px; font-weight: 600; color: var(--soft); margin: 0 0 10px; overflow-wrap: anywhere; }
    h2 { font-size: 20px; line-height: 1.3; margin: 48px 0 6px; }
    h3 { font-size: 16px; margin: 24px 0 4px; }
    p { max-width: 78ch; margin: 6px 0; }
    .answer { font-size: 25px; line-height: 1.28; font-weight: 650; letter-spacing: -0.01em; max-width: 46em;
      margin: 0 0 10px; text-wrap: balance; }
    .alternatives { font-size: 17px; max-width: 72ch; }
    .remark, .note, figcaption { color: var(--soft); font-size: 14px; }
    nav { margin-top: 12px; }
    .prompts { margin: 4px 0; padding-left: 1.4em; max-width: 78ch; overflow-wrap: anywhere; }
    dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 10px 24px; margin: 12px 0; }
    dt { color: var(--soft); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
    .bars { display: grid; grid-template-columns: max-content minmax(60px, 1fr) repeat(3, max-content);
      grid-auto-flow: row dense; gap: 5px 14px; align-items: center; margin: 12px 0; font-size: 15px; }
    .bars .row { display: contents; } .bars .name { grid-column: 1; }
    .bars .seconds { grid-column: -4; } .bars .steps { grid-column: -3; } .bars .calls { grid-column: -2; }
    .bars .bar { grid-column: 2; height: 13px; border-radius: 2px; background: var(--line); min-width: 2px; }
    .bars .first .name, .bars .first .figure { font-weight: 650; }
    .bars .figure { text-align: right; white-space: nowrap; }
    .bars .missing { grid-column: 2 / -1; color: var(--soft); font-size: 14px; }
    .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px 28px;
      margin: 14px 0 8px; }
    figure { margin: 0; min-width: 0; } figcaption { margin-top: 4px; }
    .plot { display: block; width: 100%; height: auto; font-size: 12px; }
    .plot text { fill: var(--soft); } .plot text.name { fill: var(--ink); font-weight: 600; }
    .plot .axes line { stroke: var(--grid); } .plot .axes line.base { stroke: var(--soft); }
    .plot .front { fill: none; stroke: var(--front); stroke-width: 7; stroke-linejoin: round; opacity: .7; }
    .plot line.mark { stroke: var(--soft); stroke-dasharray: 2 4; }
    .series polyline { fill: none; stroke: var(--line); stroke-width: 1.7; }
    .series path { fill: var(--line); stroke: var(--line); stroke-width: 1.3; }
    .series path.hollow { fill: var(--page); }
    .plot .series:hover polyline { stroke-width: 3.4; }
    .swatch { width: 34px; height: 14px; vertical-align: -1px; margin-right: 8px; flex: none; }
    .legend { list-style: none; margin: 8px 0 0; padding: 0; display: grid; font-size: 14px; gap: 2px 20px;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
    .legend li { display: flex; align-items: center; }
    .wide { overflow-x: auto; margin: 10px 0; }
    table { border-collapse: collapse; font-size: 14px; width: 100%; }
    th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap;
      vertical-align: baseline; }
    th { font-weight: 600; color: var(--soft); } tbody th { color: var(--ink); font-weight: 500; }
    th:first-child, .text { text-align: left; }
    td small { color: var(--soft); font-size: 13px; font-weight: 400; } td.best { background: var(--best); font-weight: 650; }
    td.none { color: var(--soft); }
    tbody.method { border-top: 2px solid var(--rule); } tbody.method th { vertical-align: top; }
    tbody.method th small { display: block; font-weight: 400; color: var(--soft); }
    details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
    .sheet { display: block; max-width: 100%; height: auto; border: 1px solid var(--rule); }
    ul { padding-left: 1.3em; } li { max-width: 78ch; } a { color: inherit; }
    @media (max-width: 600px) { main { padding: 18px 14px 48px; } .answer { font-size: 21px; }
      .bars { grid-template-columns: 1fr repeat(3, max-content); font-size: 14px; gap: 2px 10px; }
      .bars .bar { grid-column: 1 / -1; grid-row: auto; height: 7px; margin-bottom: 7px; }
      th, td { padding: 5px 8px; } }
    @media print { details { display: block; } .plots, figure, tr { break-inside: avoid; } }
    """
}

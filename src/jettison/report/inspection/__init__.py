"""How an inspection and a comparison are shown: terminal, Markdown, HTML, SARIF, JUnit."""

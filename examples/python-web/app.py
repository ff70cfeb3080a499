"""A tide table: a template, static files, a JSON API, and an import that only one route needs."""

from datetime import date, timedelta

from flask import Flask, Response, abort, jsonify, render_template, request

app = Flask(__name__)
PORTS = {"hamburg": 3.7, "bremen": 4.0, "emden": 3.2}


@app.get("/")
def index():
    return render_template("index.html", ports=PORTS)


@app.get("/healthz")
def healthz():
    return "ok"


@app.get("/api/ports")
def ports():
    return jsonify(PORTS)


@app.get("/api/ports/<name>/tides.csv")
def tides(name):
    import csv
    import io

    if name not in PORTS:
        abort(404)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["day", "metres"])
    first = date.fromisoformat(request.args.get("from", "2024-01-01"))
    for day in range(3):
        writer.writerow([(first + timedelta(days=day)).isoformat(), PORTS[name]])
    return Response(table.getvalue(), mimetype="text/csv")


@app.post("/api/depth")
def depth():
    reading = request.get_json()
    if not isinstance(reading.get("metres"), (int, float)):
        abort(400)
    return jsonify(feet=round(reading["metres"] / 0.3048, 2))

"use strict";

const path = require("node:path");
const compression = require("compression");
const express = require("express");
const helmet = require("helmet");

const ships = [
  { id: 1, name: "Cutty Sark", tons: 921 },
  { id: 2, name: "Preussen", tons: 5081 },
];

const app = express();
app.set("views", path.join(__dirname, "views"));
app.set("view engine", "ejs");
app.use(helmet());
app.use(compression());
app.use(express.json());
app.use("/static", express.static(path.join(__dirname, "public")));

app.get("/", (request, response) => response.render("index", { ships }));
app.get("/healthz", (request, response) => response.send("ok"));
app.get("/api/ships", (request, response) => response.json(ships));

app.get("/api/ships/:id", (request, response) => {
  const ship = ships.find((each) => each.id === Number(request.params.id));
  if (!ship) return response.status(404).json({ error: "no such ship" });
  return response.json(ship);
});

app.post("/api/ships", (request, response) => {
  if (!request.body.name) return response.status(400).json({ error: "a ship needs a name" });
  const ship = { id: ships.length + 1, name: request.body.name, tons: Number(request.body.tons) || 0 };
  ships.push(ship);
  return response.status(201).json(ship);
});

const server = app.listen(3000, () => console.log("listening on port 3000"));
process.on("SIGTERM", () => server.close(() => process.exit(0)));

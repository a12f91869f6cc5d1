FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
# Orleans for a cluster, Embedded for one process over one database.
ARG GRAIN_HOST=Orleans
WORKDIR /source
COPY Directory.*.props Directory.*.targets global.json .editorconfig ./
COPY sql sql
COPY src src
# Compiled ahead of time: it starts sooner, and its first requests do not wait for the compiler.
RUN dotnet publish src/Silo -c Release -p:GrainHost=$GRAIN_HOST --use-current-runtime --self-contained false -p:PublishReadyToRun=true -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
ENV PORT=3006
EXPOSE 3006
USER $APP_UID
# The image has no curl; bash can open a connection itself.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["dotnet", "LeadGrain.Silo.dll"]
